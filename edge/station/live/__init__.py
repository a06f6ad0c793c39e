"""The count that runs now."""
