import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from hemalens.errors import DatasetError
from tests.train.dataset.archive_server import ArchiveServer, Heard, serving
from train.dataset import unpack as unpack_module
from train.dataset.download import (
    FRUITLESS_ATTEMPTS,
    download,
    forget_parts,
    parts_of,
)

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with serving(CONTENT) as archive:
        yield archive


@dataclass(slots=True)
class Attempt:
    """A download that waits for nothing and remembers what it heard."""

    part: Path
    heard: Heard = field(default_factory=Heard)

    def run(self, url: str) -> bytes:
        return download(url, self.part, self.heard, backoff_s=0).read_bytes()

    @property
    def received(self) -> Path:
        (found,) = parts_of(self.part)
        return found


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path / "pbc.zip.part")


def test_whole_file_comes_and_progress_ends_at_its_size(
    server: ArchiveServer, attempt: Attempt
) -> None:
    assert attempt.run(server.url) == CONTENT
    assert attempt.heard.bytes_received[-1] == (len(CONTENT), len(CONTENT))
    assert server.ranges == [None]


def test_dropped_connection_is_taken_up_where_it_broke(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.drops_after = [300_000, 0, 100_000]
    assert attempt.run(server.url) == CONTENT
    first, second = [asked for asked in server.ranges if asked]
    assert 280_000 < int(first[6:-1]) <= 300_000
    assert 360_000 < int(second[6:-1]) <= 400_000
    assert [mark for mark in server.if_ranges if mark] == ['"one"', '"one"']
    assert len(attempt.heard.notices) == 2


class Interrupted(Heard):
    """Hears Ctrl-C when half of the file is there."""

    def received(self, done: int, total: int | None) -> None:
        if done > len(CONTENT) // 2:
            raise KeyboardInterrupt


def test_next_run_resumes_what_an_interrupted_one_left(
    server: ArchiveServer, attempt: Attempt
) -> None:
    with pytest.raises(KeyboardInterrupt):
        download(server.url, attempt.part, Interrupted())
    left = attempt.received.stat().st_size
    assert left > len(CONTENT) // 2
    assert attempt.run(server.url) == CONTENT
    assert server.ranges == [None, None, f"bytes={left}-"]


def test_server_that_ignores_ranges_gives_the_file_from_its_start(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.knows_ranges = False
    server.drops_after = [300_000]
    assert attempt.run(server.url) == CONTENT
    assert server.ranges[-1] is not None


def test_changed_file_is_started_over(server: ArchiveServer, attempt: Attempt) -> None:
    leave_part(server, attempt, 400_000)
    server.etag, server.content = '"two"', b"another file" * 50_000
    assert attempt.run(server.url) == server.content
    assert attempt.received.read_bytes() == server.content
    assert server.ranges == [None, None]


def test_file_that_changes_between_two_requests_is_started_over(
    server: ArchiveServer, attempt: Attempt
) -> None:
    leave_part(server, attempt, 400_000)
    server.etag, server.content = '"two"', b"another file" * 50_000
    server.knows_if_range = False
    server.next_etags = ['"one"']
    assert attempt.run(server.url) == server.content
    assert any("changed" in notice for notice in attempt.heard.notices)


def test_part_longer_than_the_file_is_started_over(
    server: ArchiveServer, attempt: Attempt
) -> None:
    leave_part(server, attempt, 400_000)
    server.content = CONTENT[:1000]
    assert attempt.run(server.url) == server.content


def leave_part(server: ArchiveServer, attempt: Attempt, size: int) -> None:
    """Leave the beginning of the file, as an interrupted run does."""
    whole = attempt.run(server.url)
    attempt.received.write_bytes(whole[:size])


class Unresumable(NamedTuple):
    etag: str | None
    last_modified: str | None


@pytest.mark.parametrize(
    "marks", [Unresumable(None, None), Unresumable('W/"weak"', None)], ids=str
)
def test_without_a_strong_mark_of_the_version_nothing_is_resumed(
    server: ArchiveServer, attempt: Attempt, marks: Unresumable
) -> None:
    server.etag, server.last_modified = marks
    server.drops_after = [300_000]
    assert attempt.run(server.url) == CONTENT
    assert server.ranges == [None, None]


def test_last_modified_serves_where_there_is_no_etag(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.etag, server.last_modified = None, "Mon, 08 Jun 2020 10:00:00 GMT"
    server.drops_after = [300_000]
    assert attempt.run(server.url) == CONTENT
    assert server.ranges[-1] is not None
    assert server.if_ranges[-1] == server.last_modified


def test_part_of_another_address_is_not_continued(
    server: ArchiveServer, attempt: Attempt
) -> None:
    leave_part(server, attempt, 400_000)
    assert attempt.run(f"{server.url}?other") == CONTENT
    assert server.ranges[-1] is None


def test_complete_part_is_not_downloaded_again(
    server: ArchiveServer, attempt: Attempt
) -> None:
    attempt.run(server.url)
    before = len(attempt.heard.bytes_received)
    assert attempt.run(server.url) == CONTENT
    assert len(attempt.heard.bytes_received) == before


def test_length_unknown_takes_what_comes(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.tells_length = False
    assert attempt.run(server.url) == CONTENT
    assert attempt.heard.bytes_received[-1] == (len(CONTENT), None)


def test_passing_refusals_are_tried_again(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.refuses_with = [503, 502, 429]
    assert attempt.run(server.url) == CONTENT


def test_server_that_goes_on_refusing_is_given_up(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.refuses_with = [503] * 100
    with pytest.raises(DatasetError, match="503"):
        attempt.run(server.url)
    assert len(server.ranges) == FRUITLESS_ATTEMPTS


def test_server_that_always_drops_at_one_place_is_given_up(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.knows_ranges = False
    server.drops_after = [300_000] * 100
    with pytest.raises(DatasetError, match=r"broke off .*in a row"):
        attempt.run(server.url)
    assert len(attempt.heard.notices) == FRUITLESS_ATTEMPTS


def test_line_that_breaks_often_but_brings_something_is_endured(
    server: ArchiveServer, attempt: Attempt
) -> None:
    server.drops_after = [50_000] * 20
    assert attempt.run(server.url) == CONTENT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_refusal_that_will_not_pass_is_told_at_once(
    server: ArchiveServer, attempt: Attempt, status: int
) -> None:
    server.refuses_with = [status]
    with pytest.raises(DatasetError, match=str(status)):
        attempt.run(server.url)
    assert server.ranges == [None]
    assert parts_of(attempt.part) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pbc.zip",
        "file:///etc/passwd",
        "ftp://example.org/pbc.zip",
        "http://",
        "http://[::1/pbc.zip",
        "http://localhost:port/pbc.zip",
    ],
)
def test_address_that_is_none_is_refused(attempt: Attempt, url: str) -> None:
    with pytest.raises(DatasetError, match="cannot download"):
        attempt.run(url)


def test_host_that_refuses_is_named(attempt: Attempt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DatasetError, match=r"//127\.0.*Connection refused"):
        attempt.run(f"http://127.0.0.1:{port}/pbc.zip")


def test_host_that_is_not_known_is_named(attempt: Attempt) -> None:
    with pytest.raises(DatasetError, match=r"cannot download .*nowhere\.invalid"):
        attempt.run("http://nowhere.invalid/pbc.zip")


def test_full_disk_is_told_and_what_came_before_stays(
    server: ArchiveServer, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_part(server, attempt, 400_000)
    usage = (1 << 40, 1 << 40, 1000)
    total_used_free = type(unpack_module.shutil.disk_usage("."))(*usage)
    monkeypatch.setattr(
        unpack_module.shutil, "disk_usage", lambda _path: total_used_free
    )
    with pytest.raises(DatasetError, match=r"wanted.*free"):
        attempt.run(server.url)
    assert attempt.received.stat().st_size == 400_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_disk_that_fills_on_the_way_is_told(
    server: ArchiveServer, attempt: Attempt
) -> None:
    attempt.run(server.url)
    received = attempt.received
    received.unlink()
    received.symlink_to("/dev/full")
    with pytest.raises(DatasetError, match="No space left"):
        attempt.run(server.url)


def test_folder_that_is_in_the_way_is_told(
    server: ArchiveServer, attempt: Attempt
) -> None:
    attempt.run(server.url)
    received = attempt.received
    received.unlink()
    received.mkdir()
    with pytest.raises(DatasetError, match="cannot write"):
        attempt.run(server.url)


def test_forgotten_parts_leave_nothing(server: ArchiveServer, attempt: Attempt) -> None:
    attempt.run(server.url)
    forget_parts(attempt.part)
    assert list(attempt.part.parent.iterdir()) == []
