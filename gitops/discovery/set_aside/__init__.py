"""What is written like Applications and reaches no cluster."""
