"""A Deployment that is scaled, and healed back."""

from tests.checks.samples import APP, Sample

HEALED = APP.replace("NAME", "web") + "  syncPolicy: {automated: {selfHeal: true}}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
REPLICAS  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:1'}]}
"""
AUTOSCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
"""
FILES = {"apps.yaml": HEALED, "web/hpa.yaml": AUTOSCALER}

FOUND = Sample({**FILES, "web/web.yaml": DEPLOYMENT.replace("REPLICAS", "  replicas: 2\n")})
FINE = Sample({**FILES, "web/web.yaml": DEPLOYMENT.replace("REPLICAS", "")})
