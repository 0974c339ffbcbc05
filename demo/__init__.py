"""`make demo`: the origin story in small, against a simulated GitHub and the real server."""
