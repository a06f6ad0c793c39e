"""Tell systemd how a service is: the notify protocol, over one datagram socket.

References
----------
.. [1] sd_notify(3): assignments, one a line; an address that begins with ``@`` is in
   the abstract namespace.
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

_ADDRESS: Final = "NOTIFY_SOCKET"
_WATCHDOG_US: Final = "WATCHDOG_USEC"


class Notifier:
    """Sends what a service says of itself; does nothing where nobody listens.

    Parameters
    ----------
    environment : mapping of str to str, optional
        The process's by default, which systemd sets.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        address = given.get(_ADDRESS, "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.watchdog_s = int(given.get(_WATCHDOG_US, "0")) / 1e6
        """Seconds without `alive` until systemd restarts the service; 0: never."""

    def ready(self) -> None:
        """Notify that the service does its work now."""
        self._send("READY=1")

    def alive(self, status: str) -> None:
        """Feed the watchdog and say what is going on, in a line."""
        self._send(f"WATCHDOG=1\nSTATUS={' '.join(status.split())}")

    def stopping(self) -> None:
        """Notify that the service ends, as it was told to."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A service works on where systemd does not listen for the moment.
            sender.setblocking(False)
            try:
                sender.sendto(state.encode(), self._address)
            except OSError:
                return
