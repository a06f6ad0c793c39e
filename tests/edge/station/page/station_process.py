"""The real station in a process of its own, that can be killed and started again."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from edge.station.records import Role
from edge.station.station import Station

SERVE: Final = "from edge.station.serve_cli import serve; serve()"
STARTS_WITHIN_S: Final = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def password(name: str) -> str:
    return f"correct horse {name}"


class StationProcess:
    """Serves a source at an address that stays.

    Parameters
    ----------
    source : str
    data : Path
    people : dict
        Roles by name; without any the station asks for no password.
    """

    def __init__(self, source: str, data: Path, people: dict[str, Role]) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-c", SERVE, source, "--data", str(data)]
        self._command += ["--port", str(self.port), "--laboratory", "North Hospital"]
        self._process: subprocess.Popen[bytes] | None = None
        self.address = f"http://127.0.0.1:{self.port}"
        with Station.open(data) as station:
            for name, role in people.items():
                station.accounts.add(name, name.title(), role, password(name), "test")

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command)
        until = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < until:
            assert self._process.poll() is None, "the station ended"
            try:
                urllib.request.urlopen(self.address, timeout=5).close()
            except OSError:
                time.sleep(0.3)
            else:
                return
        raise AssertionError("the station does not answer")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "StationProcess":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
