"""Applications and what Argo CD's own configuration says about them."""
