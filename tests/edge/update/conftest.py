from pathlib import Path

import pytest

from tests.edge.update.made_device import MadeDevice, make_device


@pytest.fixture
def device(tmp_path: Path) -> MadeDevice:
    """A device that trusts one key and has no model of its own."""
    return make_device(tmp_path)
