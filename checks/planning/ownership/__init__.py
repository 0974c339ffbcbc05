"""Plans that leave each resource with one owner."""
