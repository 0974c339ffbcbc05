"""Every Secret and ConfigMap key that a workload references has somebody who provides it."""

CHECK = "argofix / secret-keys"
