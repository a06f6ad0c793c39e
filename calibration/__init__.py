"""The measurements we trust: the calibration set, and what the optics do."""
