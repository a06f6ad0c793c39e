"""A count at the terminal."""
