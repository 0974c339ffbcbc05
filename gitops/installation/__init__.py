"""Argo CD's own installation, as git has it: which processes run, in which version, with which settings."""
