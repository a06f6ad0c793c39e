"""Devices far away: results and health to a broker, the desired model back."""
