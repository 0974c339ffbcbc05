"""What kustomize says when it fails, explained by the entry that is to blame."""
