"""What a large array took is the system's again when it is freed."""

import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import numpy as np
from edge.freed_memory import LARGE_BYTES, give_back_large_arrays

def resident_bytes():
    with open("/proc/self/statm") as file:
        return 4096 * int(file.read().split()[1])

print(int(give_back_large_arrays()))
np.ones(4 * LARGE_BYTES, np.uint8)
before = resident_bytes()
# Between the large ones small ones, kept: no heap can shrink below those.
sizes = (2 * LARGE_BYTES, 100_000)
arrays = [[np.ones(size, np.uint8) for size in sizes] for _ in range(8)]
kept = [small for _, small in arrays]
del arrays
print(resident_bytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc here")
def test_freed_large_arrays_leave_nothing_behind() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK], capture_output=True, text=True, check=True
    )
    told, left_bytes = map(int, done.stdout.split())
    if not told:
        pytest.skip("this C library cannot be told")
    assert left_bytes < 16_000_000
