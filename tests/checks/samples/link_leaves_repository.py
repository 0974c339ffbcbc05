"""What a build left in a directory that somebody committed whole."""

from tests.checks.samples import Sample, apps

FILES = {"apps.yaml": apps("web"), "web/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}

FOUND = Sample(FILES, {"result": "/nix/store/abc"})
FINE = Sample(FILES, {"result": "web"})
