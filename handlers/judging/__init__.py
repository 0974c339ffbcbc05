"""Judging commits and showing it."""
