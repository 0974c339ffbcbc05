"""Deliveries on disk: accepted once, taken in turns, kept until they are done."""
