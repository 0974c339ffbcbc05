"""Objects in an earlier wave than the Application that brings their kind."""

from tests.checks.samples import APP, Sample
from tests.checks.samples.sync_order_cycle import WIDGET, WIDGETS

HEALTH = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd}
data:
  resource.customizations.health.argoproj.io_Application: |
    return {status = obj.status.health.status}
"""


def child(name: str, wave: int) -> str:
    annotated = f'{name}, annotations: {{argocd.argoproj.io/sync-wave: "{wave}"}}'
    return APP.replace("name: NAME", f"name: {annotated}").replace("NAME", name)


FILES = {
    "root.yaml": APP.replace("NAME", "root"),
    "root/widgets.yaml": child("widgets", 0),
    "crds/crd.yaml": WIDGETS,
    "widgets/widget.yaml": WIDGET,
    "argocd/cm.yaml": HEALTH,
}

FOUND = Sample({**FILES, "root/crds.yaml": child("crds", 5)})
FINE = Sample({**FILES, "root/crds.yaml": child("crds", -5)})
