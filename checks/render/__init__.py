"""Every Application must render."""

CHECK = "argofix / render"
