"""The device: capture, segment, classify, count."""
