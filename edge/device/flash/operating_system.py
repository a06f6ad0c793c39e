"""Releases of Raspberry Pi OS that can be prepared."""

from enum import StrEnum


class OperatingSystem(StrEnum):
    """A release, by the name that Debian gave it."""

    TRIXIE = "trixie"
    """Set up by cloud-init; Python 3.13."""
    BOOKWORM = "bookworm"
    """Set up by a first-run script; Python 3.11."""

    @property
    def python(self) -> str:
        """The version of its Python."""
        return {self.TRIXIE: "3.13", self.BOOKWORM: "3.11"}[self]

    @property
    def lock(self) -> str:
        """The lock file whose wheels go with its picamera2.

        Bookworm's, from apt, is built for NumPy 1.
        """
        return {self.TRIXIE: "edge.txt", self.BOOKWORM: "bookworm.txt"}[self]
