"""The documentation's generated part. `python -m docs` (`make docs`) writes it."""
