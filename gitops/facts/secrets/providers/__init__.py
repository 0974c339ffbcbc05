"""Who makes a Secret or a ConfigMap, and with which keys."""
