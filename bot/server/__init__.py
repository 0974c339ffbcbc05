"""The server: web endpoints, settings, and the worker that hands deliveries to the handlers."""
