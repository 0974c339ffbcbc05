"""Changes that argofix proposes: plan, edits, proof."""
