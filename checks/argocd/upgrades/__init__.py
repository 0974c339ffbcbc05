"""Which notes of upgrade guides are about the manifests of an installation, and at which lines."""
