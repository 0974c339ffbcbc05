"""A ClusterRole in a project that permits no cluster-scoped resources."""

from tests.checks.samples import in_project

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: web}
rules: [{apiGroups: [''], resources: [nodes], verbs: [get]}]
"""
ALLOWED = "  clusterResourceWhitelist: [{group: rbac.authorization.k8s.io, kind: ClusterRole}]\n"

FILES = {"web/role.yaml": ROLE}

FOUND = in_project(files=FILES)
FINE = in_project(ALLOWED, files=FILES)
