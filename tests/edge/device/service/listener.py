"""systemd's end of the notify protocol: a real datagram socket."""

import select
import socket
from pathlib import Path


class Listener:
    """Receives what a service says of itself.

    Parameters
    ----------
    address : str
        A path, or ``@`` and a name of the abstract namespace.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address[0] == "@" else address)

    def said(self, within_s: float = 0.0) -> list[dict[str, str]]:
        """Read what was said, and what is said within a time."""
        messages = []
        while select.select([self._socket], [], [], within_s)[0]:
            lines = self._socket.recv(4_096).decode().splitlines()
            messages.append(dict(line.split("=", 1) for line in lines))
        return messages

    def next(self, within_s: float) -> dict[str, str] | None:
        """Wait for the next message; None when none comes."""
        if not select.select([self._socket], [], [], within_s)[0]:
            return None
        lines = self._socket.recv(4_096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def listener_in(folder: Path) -> Listener:
    """Listen on a path."""
    return Listener(str(folder / "notify"))
