"""A volume for a redis that writes nothing."""

from tests.checks.samples import Sample, apps

REDIS = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: argocd-redis}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: redis, image: "redis:8.2.3-alpine", args: [ARGUMENTS]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers: [{name: server, image: "quay.io/argoproj/argocd:v3.2.2", args: [/usr/local/bin/argocd-server]}]
"""
FILES = {"apps.yaml": apps("argocd"), "argocd/server.yaml": SERVER}

FOUND = Sample({**FILES, "argocd/redis.yaml": REDIS.replace("ARGUMENTS", '--save, "", --appendonly, "no"')})
FINE = Sample({**FILES, "argocd/redis.yaml": REDIS.replace("ARGUMENTS", '--appendonly, "yes"')})
