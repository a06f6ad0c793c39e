"""Prepares the card a board starts from."""
