"""Applications that name a mirror of this repository."""

from tests.checks.samples import Sample, apps

FILES = {
    f"{name}/map.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in ("web", "api")
}

FOUND = Sample({**FILES, "apps.yaml": apps("web", "api").replace("github.com", "git.example.com")})
FINE = Sample({**FILES, "apps.yaml": apps("web", "api")})
