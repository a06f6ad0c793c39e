"""Checks that a device works: doctor, self-test, benchmark."""
