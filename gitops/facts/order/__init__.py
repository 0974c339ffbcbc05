"""In which order the Applications of one Argo CD have to be synced, and why: from evidence to stages."""
