"""What the station answers, one module a subject."""
