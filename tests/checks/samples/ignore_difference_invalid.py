"""An annotation whose key has to be quoted."""

from tests.checks.samples import APP, Sample

IGNORES = """\
  ignoreDifferences:
    - kind: ConfigMap
      jqPathExpressions: ['EXPRESSION']
"""
FILES = {"web/m.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"}
KEY = '.metadata.annotations["checksum-config"]'


def app(expression: str) -> str:
    return APP.replace("NAME", "web") + IGNORES.replace("EXPRESSION", expression)


FOUND = Sample({**FILES, "apps.yaml": app(".metadata.annotations.checksum-config")})
FINE = Sample({**FILES, "apps.yaml": app(KEY)})
