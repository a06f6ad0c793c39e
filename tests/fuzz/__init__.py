"""Hostile input by the thousand, bounded and from fixed seeds: ``make fuzz``."""
