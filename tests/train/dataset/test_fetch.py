import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from hemalens.errors import DatasetError
from tests.train.dataset.archive_server import ArchiveServer, Heard, serving
from tests.train.dataset.made_archive import archive_of, dataset_members
from train.dataset.fetch import fetch, unpack_archive
from train.dataset.published_pbc import PAGE
from train.dataset.verify import verify


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    members = dataset_members(tmp_path / "made", "PBC_dataset_normal_DIB/")
    return archive_of(members)


@pytest.fixture
def server(archive: bytes) -> Iterator[ArchiveServer]:
    with serving(archive) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "new" / "pbc"


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir())


def test_fetched_dataset_verifies_and_stands_alone(
    server: ArchiveServer, archive: bytes, folder: Path
) -> None:
    heard = Heard()
    fetched = fetch(server.url, folder, heard)
    assert fetched.folder == folder
    assert fetched.archive_sha256 == hashlib.sha256(archive).hexdigest()
    assert verify(folder).passed
    assert beside(folder) == ["pbc"]
    assert heard.files_unpacked[-1] == (8, 8)


@pytest.mark.parametrize("spelling", [str.lower, str.upper, "  {}\n".format])
def test_right_checksum_is_accepted(
    server: ArchiveServer, archive: bytes, folder: Path, spelling: type[str]
) -> None:
    digest = hashlib.sha256(archive).hexdigest()
    fetch(server.url, folder, Heard(), sha256=spelling(digest))
    assert beside(folder) == ["pbc"]


def test_wrong_checksum_keeps_nothing(server: ArchiveServer, folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"wanted .*nothing was kept"):
        fetch(server.url, folder, Heard(), sha256="0" * 64)
    assert beside(folder) == []


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "0" * 63])
def test_checksum_that_is_none_is_refused_before_any_download(
    server: ArchiveServer, folder: Path, sha256: str
) -> None:
    with pytest.raises(DatasetError, match="64 hexadecimal digits"):
        fetch(server.url, folder, Heard(), sha256=sha256)
    assert server.ranges == []


def test_web_page_instead_of_the_archive_keeps_nothing(
    server: ArchiveServer, folder: Path
) -> None:
    server.content = b"<!doctype html><title>Log in</title>"
    with pytest.raises(DatasetError, match="no sound zip file"):
        fetch(server.url, folder, Heard())
    assert beside(folder) == []


def test_refusal_tells_how_to_do_it_by_hand(
    server: ArchiveServer, folder: Path
) -> None:
    server.refuses_with = [404]
    with pytest.raises(DatasetError) as raised:
        fetch(server.url, folder, Heard())
    for told in ("404", PAGE, "--archive", f"hemalens dataset verify {folder}"):
        assert told in str(raised.value)
    assert beside(folder) == []


def test_given_up_download_leaves_its_part_and_the_next_resumes_it(
    server: ArchiveServer, folder: Path
) -> None:
    noise = random.Random(5).randbytes(50_000)
    server.content = archive_of({"ig/IG_1.jpg": noise})
    server.drops_after = [20_000, *([0] * 50)]
    with pytest.raises(DatasetError, match="broke off"):
        fetch(server.url, folder, Heard(), backoff_s=0)
    (part,) = beside(folder)
    assert part.startswith("pbc.zip.part-")
    server.drops_after = []
    fetch(server.url, folder, Heard())
    assert server.ranges[-1] == f"bytes={1 << 14}-"
    assert beside(folder) == ["pbc"]


def test_disk_too_full_to_unpack_keeps_the_download(
    server: ArchiveServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: Path, _wanted: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr("train.dataset.unpack.require_room", full)
        with pytest.raises(DatasetError, match="No space left"):
            fetch(server.url, folder, Heard())
    heard = Heard()
    fetch(server.url, folder, heard)
    assert heard.bytes_received == []


def test_folder_in_use_is_left_alone(server: ArchiveServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        fetch(server.url, folder, Heard())
    assert server.ranges == []
    assert (folder / "notes.txt").read_text() == "mine"


def test_empty_folder_is_filled(server: ArchiveServer, folder: Path) -> None:
    folder.mkdir(parents=True)
    fetch(server.url, folder, Heard())
    assert verify(folder).passed


@pytest.mark.parametrize("place", ["file", "file/pbc"])
def test_file_in_the_way_is_told(
    server: ArchiveServer, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("-")
    with pytest.raises(DatasetError, match="cannot make"):
        fetch(server.url, tmp_path / place, Heard())


def test_archive_downloaded_by_hand_is_unpacked_and_stays(
    archive: bytes, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "by hand.zip").write_bytes(archive)
    unpack_archive(tmp_path / "by hand.zip", folder, Heard())
    assert verify(folder).passed
    assert (tmp_path / "by hand.zip").exists()


def test_broken_archive_downloaded_by_hand_stays(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "by hand.zip").write_bytes(b"PK")
    with pytest.raises(DatasetError, match="no sound zip file"):
        unpack_archive(tmp_path / "by hand.zip", folder, Heard())
    assert (tmp_path / "by hand.zip").exists()
    assert beside(folder) == []


def test_missing_archive_is_told(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DatasetError, match="No such file"):
        unpack_archive(tmp_path / "gone.zip", folder, Heard())
