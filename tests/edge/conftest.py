import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def put_down_rights(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Put root's rights down until the test ends; for others there is nothing to do."""
    rights = os.geteuid()

    def put_down() -> None:
        if rights == 0:
            for parent in tmp_path.parents:
                if not parent.stat().st_mode & 0o001:
                    parent.chmod(0o755)
            os.seteuid(65534)

    yield put_down
    os.seteuid(rights)


@pytest.fixture
def closed(tmp_path: Path, put_down_rights: Callable[[], None]) -> Path:
    """A folder this process may not write into."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    put_down_rights()
    return folder
