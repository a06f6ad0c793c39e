"""The device itself: flash, install, run, examine and update it."""
