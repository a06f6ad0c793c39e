"""Training of the finder: the small network that says of each place what lies there."""
