"""Files of one commit: the tree, YAML documents, and the lines in them."""
