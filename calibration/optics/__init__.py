"""What the optics do to a frame: light, scale, colour."""
