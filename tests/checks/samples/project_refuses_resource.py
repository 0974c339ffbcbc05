"""A ClusterRole in a project that permits no cluster-scoped resources."""

from tests.checks.samples import Sample, apps

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
"""
ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]
"""
ALLOWED = "  clusterResourceWhitelist: [{group: rbac.authorization.k8s.io, kind: ClusterRole}]\n"
FILES = {"apps.yaml": apps("web", "projects"), "web/role.yaml": ROLE}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT + ALLOWED})
