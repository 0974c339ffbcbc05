"""What answers the pure model: renderings from the cache, or from a renderer that is shut in."""
