"""Which calibration set, and how large: many converted and measured."""
