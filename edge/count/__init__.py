"""One count, from its first frame to its last."""
