"""Two Applications that have their namespace made, and one that has not."""

from tests.checks.samples import APP, Sample

MADE = "  syncPolicy: {syncOptions: [CreateNamespace=true]}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


def app(name: str, sync: str) -> str:
    return APP.replace("NAME", name).replace("namespace: shop", f"namespace: {name}") + sync


FILES = {f"{name}/settings.yaml": MAP for name in ("web", "api")}

FOUND = Sample({**FILES, "apps.yaml": f"{app('web', '')}---\n{app('api', MADE)}"})
FINE = Sample({**FILES, "apps.yaml": f"{app('web', MADE)}---\n{app('api', MADE)}"})
