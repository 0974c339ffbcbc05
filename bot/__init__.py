"""Everything that touches the outside: git, the renderer, GitHub, HTTP, the command line."""
