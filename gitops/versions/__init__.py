"""Where a repository pins the version of a component such as Argo CD, read with positions."""
