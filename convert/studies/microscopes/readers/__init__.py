"""Labelled sets, each from its own layout."""
