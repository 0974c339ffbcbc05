"""The documentation's generated parts. `python -m docs` (`make docs`) writes them."""
