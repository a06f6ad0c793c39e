"""Silence for what native libraries log past Python."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_log() -> Iterator[None]:
    """Keep native code off stderr meanwhile; what fails still raises.

    TensorFlow and the TFLite runtimes report their start-up there, which would bury
    the one line an error has.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
