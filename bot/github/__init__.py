"""GitHub's REST API: who asks (`app`), how (`client`), and what can be asked, grouped by area."""
