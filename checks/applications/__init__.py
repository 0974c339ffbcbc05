"""Argo CD must accept the Applications, and heed what they say."""

CHECK = "argofix / render"
