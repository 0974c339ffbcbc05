"""The pure model of the desired state: trees, Applications, kustomizations, renderings, spans and edits."""
