"""How browsers and command lines reach argocd-server: which edge ends TLS, and what it speaks to the server."""
