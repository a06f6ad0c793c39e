from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.device.service.listener import Listener, listener_in


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Listener]:
    """systemd's end of the notify protocol."""
    listener = listener_in(tmp_path)
    yield listener
    listener.close()
