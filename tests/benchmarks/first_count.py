"""How long a device's service takes from its start to its first counted frame.

python -m tests.benchmarks.first_count [--environment DIR] [--times N] [--source demo:…]

Starts 'hemalens device run' as systemd does and waits for READY=1, which it sends when
the first frame is counted and on the disk. Measured with its files dropped
from memory first, as after a boot, and once more with them there.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

GOAL_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environment", type=Path, default=Path(sys.prefix))
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--source", default="demo:frames=1000")
    given = parser.parse_args()
    turns: dict[str, Callable[[], None]] = {
        "from the disk": lambda: drop_from_memory(given.environment),
        "from memory": lambda: None,
    }
    for name, prepare in turns.items():
        took = []
        for _ in range(given.times):
            prepare()
            took.append(first_count_s(given.environment, given.source))
        print(
            f"first count, {name}: median {statistics.median(took):.2f} s, "
            f"worst {max(took):.2f} s of {len(took)} (goal {GOAL_S:g} s)"
        )


def first_count_s(environment: Path, source: str) -> float:
    """Start the service once."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        (Path(folder) / "counts").mkdir()
        settings = Path(folder) / "device.json"
        settings.write_text(json.dumps({"source": source, "objective": "100x"}))
        systemd.bind(f"{folder}/notify")
        systemd.settimeout(120)
        begun = time.perf_counter()
        process = subprocess.Popen(
            [
                *(str(environment / "bin" / "hemalens"), "device", "run"),
                *("--settings", str(settings), "--state", folder),
            ],
            env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"},
            stdout=subprocess.DEVNULL,
        )
        try:
            while b"READY=1" not in systemd.recv(4096):
                pass
            return time.perf_counter() - begun
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def drop_from_memory(environment: Path) -> None:
    """Ask the kernel to forget an environment's files; it keeps what runs elsewhere."""
    for path in environment.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
