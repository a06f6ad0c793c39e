"""A web server on loopback that serves one file, as badly as a test wants."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class ArchiveServer:
    """What the server has and how it misbehaves; tests change it as they go."""

    content: bytes
    url: str = ""
    etag: str | None = '"one"'
    next_etags: list[str] = field(default_factory=list)
    """ETag of each following answer, before `etag`, as of a server with a cache."""
    last_modified: str | None = None
    knows_ranges: bool = True
    knows_if_range: bool = True
    tells_length: bool = True
    drops_after: list[int] = field(default_factory=list)
    """Bytes of each following answer after which the connection is dropped."""
    refuses_with: list[int] = field(default_factory=list)
    """Status of each following answer, before any file is served."""
    ranges: list[str | None] = field(default_factory=list)
    """The Range header of each request so far."""
    if_ranges: list[str | None] = field(default_factory=list)

    def first_byte(self, asked: str | None, if_range: str | None) -> int:
        """Say where the answer to a request starts."""
        stale = self.knows_if_range and if_range not in {self.etag, self.last_modified}
        if asked is None or not self.knows_ranges or stale:
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))


class _Server(http.server.ThreadingHTTPServer):
    def __init__(self, archive: ArchiveServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archive = archive
        archive.url = f"http://127.0.0.1:{self.server_port}/pbc.zip"

    def handle_error(self, request: object, client_address: object) -> None:
        """Bear with clients that hang up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        archive = self.server.archive
        asked = self.headers.get("Range")
        archive.ranges.append(asked)
        archive.if_ranges.append(self.headers.get("If-Range"))
        if archive.refuses_with:
            self.send_error(archive.refuses_with.pop(0))
            return
        start = archive.first_byte(asked, self.headers.get("If-Range"))
        if asked and start >= len(archive.content):
            self.send_error(416)
            return
        self.answer(archive, start)

    def answer(self, archive: ArchiveServer, start: int) -> None:
        total = len(archive.content)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if archive.tells_length:
            self.send_header("Content-Length", str(total - start))
        etag = archive.next_etags.pop(0) if archive.next_etags else archive.etag
        if etag:
            self.send_header("ETag", etag)
        if archive.last_modified:
            self.send_header("Last-Modified", archive.last_modified)
        self.end_headers()
        stop = start + archive.drops_after.pop(0) if archive.drops_after else total
        self.wfile.write(archive.content[start:stop])
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the test's output clean."""


@contextmanager
def serving(content: bytes) -> Iterator[ArchiveServer]:
    """Serve until the block ends."""
    archive = ArchiveServer(content=content)
    with _Server(archive) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield archive
        finally:
            server.shutdown()
            thread.join()


@dataclass(slots=True)
class Heard:
    """A listener that keeps what it hears."""

    bytes_received: list[tuple[int, int | None]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    files_unpacked: list[tuple[int, int]] = field(default_factory=list)

    def received(self, done: int, total: int | None) -> None:
        self.bytes_received.append((done, total))

    def noticed(self, message: str) -> None:
        self.notices.append(message)

    def unpacked(self, done: int, total: int) -> None:
        self.files_unpacked.append((done, total))
