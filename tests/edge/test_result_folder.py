import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.result_folder import ResultFolder
from hemalens.errors import StorageError


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder this process may not write into, root's rights put down meanwhile."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    rights = os.geteuid()
    if rights == 0:
        for parent in (tmp_path, *tmp_path.parents[:2]):
            parent.chmod(0o755)
        os.seteuid(65534)
    yield folder
    os.seteuid(rights)


def test_a_folder_without_permission_is_refused(closed: Path) -> None:
    with (
        pytest.raises(StorageError, match="ermission denied"),
        ResultFolder(closed / "results"),
    ):
        pass
    assert list(closed.iterdir()) == []


def test_what_was_begun_and_not_completed_is_removed(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "results")
    with folder:
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_crops_are_written_only_when_asked_for(tmp_path: Path) -> None:
    for save_crops in (True, False):
        with ResultFolder(tmp_path / "results", save_crops=save_crops):
            (unfinished,) = tmp_path.iterdir()
            assert (unfinished / "crops").is_dir() == save_crops
