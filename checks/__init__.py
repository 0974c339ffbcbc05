"""Pure rules over the model: one rule, one file."""
