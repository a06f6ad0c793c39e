import contextlib
import io
import sqlite3
import tarfile
from pathlib import Path

import pytest

from edge.station.audit.key import KEY_NAME
from edge.station.backup import backup, restore
from edge.station.station import DATABASE_NAME
from hemalens.errors import StationError
from tests.edge.station.made_station import add_account, finished, open_station


def test_a_restored_station_is_the_one_that_was_saved(tmp_path: Path) -> None:
    with open_station(tmp_path / "data") as station:
        add_account(station)
        count_id = finished(station)
        (station.samples.folder(count_id) / "fields").mkdir()
        (station.samples.folder(count_id) / "fields" / "f.jpg").write_bytes(b"picture")
        before = station.reports.get(count_id)
        backup(station.folder, tmp_path / "saved.tar")
    assert (tmp_path / "saved.tar").stat().st_mode & 0o777 == 0o600
    restore(tmp_path / "saved.tar", tmp_path / "again")
    with open_station(tmp_path / "again") as station:
        assert station.reports.get(count_id) == before
        picture = station.samples.folder(count_id) / "fields" / "f.jpg"
        assert picture.read_bytes() == b"picture"
        assert station.check().is_whole
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700


def saved(tmp_path: Path) -> Path:
    with open_station(tmp_path / "data") as station:
        add_account(station)
        backup(station.folder, tmp_path / "saved.tar")
    return tmp_path / "saved.tar"


def test_no_backup_holds_the_trails_key(tmp_path: Path) -> None:
    content = saved(tmp_path).read_bytes()
    key = (tmp_path / "data" / KEY_NAME).read_text().strip()
    assert key.encode() not in content
    assert bytes.fromhex(key) not in content
    assert KEY_NAME.encode() not in content


def test_with_its_key_a_restored_trail_is_checked_whole(tmp_path: Path) -> None:
    key = tmp_path / "data" / KEY_NAME
    restore(saved(tmp_path), tmp_path / "again", key)
    assert (tmp_path / "again" / KEY_NAME).read_bytes() == key.read_bytes()
    with open_station(tmp_path / "again") as station:
        found = station.check()
    assert (found.first_broken, found.unchecked) == (None, 0)


def test_without_its_key_a_restored_trail_says_so(tmp_path: Path) -> None:
    path = saved(tmp_path)
    restore(path, tmp_path / "again")
    with open_station(tmp_path / "again") as station:
        found = station.check()
        lines = station.audit.entries()
    assert (found.first_broken, found.unchecked) == (None, len(lines) - 1)
    assert lines[-1].action == "restored"


def test_the_key_of_another_station_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    open_station(tmp_path / "other").close()
    with pytest.raises(StationError, match="not the one that sealed"):
        restore(path, tmp_path / "again", tmp_path / "other" / KEY_NAME)
    with pytest.raises(StationError, match="no key"):
        restore(path, tmp_path / "again", tmp_path / "nothing")
    assert not (tmp_path / "again").exists()


def test_a_backup_altered_without_the_key_is_found_out(tmp_path: Path) -> None:
    path = saved(tmp_path)
    inner = tmp_path / "unpacked"
    with tarfile.open(path) as tar:
        tar.extractall(inner, filter="data")
    with contextlib.closing(sqlite3.connect(inner / DATABASE_NAME)) as connection:
        connection.execute("DROP TRIGGER audit_no_UPDATE")
        connection.execute("UPDATE audit SET person = 'eve' WHERE number = 1")
        connection.commit()
    with tarfile.open(tmp_path / "altered.tar", "w") as tar:
        for name in (DATABASE_NAME, "counts"):
            tar.add(inner / name, name)
    with pytest.raises(StationError, match="broken at line 1"):
        restore(tmp_path / "altered.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists()


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
        backup(station.folder, tmp_path / "saved.tar")
        with pytest.raises(StationError, match="already"):
            backup(station.folder, tmp_path / "saved.tar")
    with pytest.raises(StationError, match="something already"):
        restore(tmp_path / "saved.tar", tmp_path / "data")
    assert (tmp_path / "data" / DATABASE_NAME).exists()
