"""A real Mosquitto and a real PostgreSQL on loopback, ended without mercy."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOSQUITTO = shutil.which("mosquitto") or shutil.which(
    "mosquitto", path="/usr/sbin:/usr/local/sbin"
)
PATIENCE_S = 30.0


def postgres_bin() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").is_file()), None)


def postgres_user() -> str | None:
    """PostgreSQL does not run as root; Debian's package has a user for it."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="mosquitto is not installed"
)
needs_postgres = pytest.mark.skipif(
    postgres_bin() is None or postgres_user() is None,
    reason="PostgreSQL's server is not installed",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens at port {port}")


class Mosquitto:
    """A broker that keeps what it can on the disk; `kill` is kill -9."""

    def __init__(self, folder: Path, more: str = "", listener: str = "") -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir(exist_ok=True)
        user = "user root\n" if os.geteuid() == 0 else ""
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n{listener}\n"
            f"{user}persistence true\npersistence_location {folder}/\n"
            f"autosave_interval 1\n{more or 'allow_anonymous true'}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def mosquitto(folder: Path, more: str = "", listener: str = "") -> Iterator[Mosquitto]:
    broker = Mosquitto(folder, more, listener)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def postgres() -> Iterator[str]:
    """Give the address of a database of its own."""
    binaries, user = postgres_bin(), postgres_user()
    assert binaries is not None
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="hemalens-pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, user)
        data = Path(name) / "data"
        make = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-N"]
        subprocess.run(make, check=True, capture_output=True, user=user, cwd=name)
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", name]
        server = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=name,
        )
        try:
            wait_for_port(port)
            wait_for_database(binaries, port)
            yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # without waiting for clients
            server.wait()


def wait_for_database(binaries: Path, port: int) -> None:
    command = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if subprocess.run(command, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("PostgreSQL does not begin to answer")
