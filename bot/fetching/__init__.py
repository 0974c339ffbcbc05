"""What a repository names and does not hold (other repositories, charts, files), from hosts that may be asked."""
