"""What holds for the repository as a whole: its files, locks, layers, manifest, image and documentation."""
