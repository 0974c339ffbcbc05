"""What a repository may want to add to its Argo CD, one item a file: a plan, its edits, and the proof of what
comes."""
