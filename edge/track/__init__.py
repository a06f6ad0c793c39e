"""Every cell once: where frames lie on the slide, and which cells are the same."""
