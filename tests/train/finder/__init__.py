"""Tests of the finder's training."""
