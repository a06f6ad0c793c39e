"""What a large array took is the system's again when it is freed."""

import subprocess
import sys
from pathlib import Path

import pytest

from edge.capture.freed_memory import LARGE_BYTES, LARGE_FRAME_BYTES, MASK_BYTES

WORK = """
import sys
import numpy as np
from edge.capture.freed_memory import give_back_large_arrays

def resident_bytes():
    with open("/proc/self/statm") as file:
        return 4096 * int(file.read().split()[1])

frame_bytes, array_bytes = map(int, sys.argv[1:])
print(int(give_back_large_arrays(frame_bytes)))
np.ones(4 * array_bytes, np.uint8)
before = resident_bytes()
# Between the large ones small ones, kept: no heap can shrink below those.
sizes = (array_bytes, 100_000)
arrays = [[np.ones(size, np.uint8) for size in sizes] for _ in range(16)]
kept = [small for _, small in arrays]
del arrays
print(resident_bytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
@pytest.mark.parametrize(
    ("frame_bytes", "array_bytes"),
    [(0, 2 * LARGE_BYTES), (LARGE_FRAME_BYTES, MASK_BYTES + 4096)],
)
def test_freed_large_arrays_leave_nothing_behind(
    frame_bytes: int, array_bytes: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(frame_bytes), str(array_bytes)],
        capture_output=True,
        text=True,
        check=True,
    )
    told, left_bytes = map(int, done.stdout.split())
    if not told:
        pytest.skip("this C library cannot be told")
    assert left_bytes < 16_000_000
