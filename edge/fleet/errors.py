"""What goes wrong between a device, its broker and the collector."""

from hemalens.errors import HemaLensError


class FleetError(HemaLensError):
    """A broker that cannot be reached, or a message that cannot be used."""
