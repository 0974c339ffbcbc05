"""A Secret that was never committed, and that nothing makes."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web:1
          env:
            - name: PASSWORD
              valueFrom: {secretKeyRef: {name: db, key: password}}
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT})
FINE = Sample(
    {"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT.replace("password}", "password, optional: true}")}
)
