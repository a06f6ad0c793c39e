"""A network cable between a browser and the station, that can be pulled."""

import contextlib
import socket
import threading


class Cable:
    """Passes bytes on to a port of this machine until it is pulled.

    Parameters
    ----------
    port : int
        Of the station.
    """

    def __init__(self, port: int) -> None:
        self._far_port = port
        self._near = socket.create_server(("127.0.0.1", 0))
        self._sockets: set[socket.socket] = set()
        self._is_pulled = False
        self.address = f"http://127.0.0.1:{self._near.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """Break what goes through, and let nothing through."""
        self._is_pulled = True
        for one in tuple(self._sockets):
            _close(one)

    def plug_in(self) -> None:
        """Let through again."""
        self._is_pulled = False

    def _accept(self) -> None:
        while True:
            near, _ = self._near.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._far_port))
            except OSError:
                _close(near)
                continue
            self._sockets |= {near, far}
            if self._is_pulled:
                self.pull()
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                sink.sendall(piece)
        for one in (source, sink):
            self._sockets.discard(one)
            _close(one)


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
