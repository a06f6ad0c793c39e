import io
import tarfile
from pathlib import Path

import pytest

from edge.station.backup import backup, restore
from edge.station.database import DATABASE_NAME
from hemalens.errors import StationError
from tests.edge.station.made_station import add_account, finished, open_station


def test_a_restored_station_is_the_one_that_was_saved(tmp_path: Path) -> None:
    with open_station(tmp_path / "data") as station:
        add_account(station)
        count_id = finished(station)
        (station.samples.folder(count_id) / "fields").mkdir()
        (station.samples.folder(count_id) / "fields" / "f.jpg").write_bytes(b"picture")
        before = station.reports.get(count_id)
        backup(station, tmp_path / "saved.tar")
    assert (tmp_path / "saved.tar").stat().st_mode & 0o777 == 0o600
    restore(tmp_path / "saved.tar", tmp_path / "again")
    with open_station(tmp_path / "again") as station:
        assert station.reports.get(count_id) == before
        picture = station.samples.folder(count_id) / "fields" / "f.jpg"
        assert picture.read_bytes() == b"picture"
        assert station.audit.check().is_whole
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


@pytest.mark.parametrize(
    "trick",
    [
        member("../outside"),
        member("counts/../../outside"),
        member("/etc/outside"),
        member("other"),
        member("counts/link", tarfile.SYMTYPE, "../../outside"),
        member("counts/link", tarfile.LNKTYPE, "/etc/passwd"),
        member("counts/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda trick: f"{trick.name}-{trick.type.decode()}",
)
def test_tricks_in_a_backup_are_refused(tmp_path: Path, trick: tarfile.TarInfo) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(trick, io.BytesIO())
    with pytest.raises(StationError):
        restore(tmp_path / "bad.tar", tmp_path / "again")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.tar"]


def test_no_tar_and_no_database_are_no_backup(tmp_path: Path) -> None:
    (tmp_path / "bad.tar").write_bytes(b"nothing of the kind")
    tarfile.open(tmp_path / "empty.tar", "w").close()
    for name in ("bad.tar", "empty.tar"):
        with pytest.raises(StationError, match="backup"):
            restore(tmp_path / name, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    with open_station(tmp_path / "data") as station:
        backup(station, tmp_path / "saved.tar")
        with pytest.raises(StationError, match="already"):
            backup(station, tmp_path / "saved.tar")
    with pytest.raises(StationError, match="something already"):
        restore(tmp_path / "saved.tar", tmp_path / "data")
    assert (tmp_path / "data" / DATABASE_NAME).exists()
