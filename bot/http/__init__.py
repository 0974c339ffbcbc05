"""What every HTTP client and server here needs."""
