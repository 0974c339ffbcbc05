"""What of Argo CD's own installation should be rendered otherwise: found a place to write it, and proven."""
