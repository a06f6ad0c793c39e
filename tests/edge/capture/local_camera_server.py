"""A network camera on this machine: a real HTTP server in a thread."""

import http.server
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Answer = Callable[["CameraHandler"], None]


class CameraHandler(http.server.BaseHTTPRequestHandler):
    """Answers each address as the server's table says."""

    server: "CameraServer"

    def do_GET(self) -> None:
        self.server.asked.append(self)
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
            return
        try:
            answer(self)
        except OSError:
            # The camera's client has gone.
            self.close_connection = True

    def begin(self, content_type: str, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


class CameraServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), CameraHandler)
        self.answers = answers
        self.asked: list[CameraHandler] = []
        self.leaving = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def drop_clients(self) -> None:
        """Pull the network cable of all who are connected."""
        self.leaving.set()
        for handler in self.asked:
            handler.close_connection = True


@contextmanager
def served(answers: dict[str, Answer], port: int = 0) -> Iterator[CameraServer]:
    server = CameraServer(answers, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.drop_clients()
        server.shutdown()
        server.server_close()
        thread.join()


def still(content: Callable[[], bytes], content_type: str = "image/jpeg") -> Answer:
    """One image an answer."""

    def answer(handler: CameraHandler) -> None:
        body = content()
        handler.begin(content_type, len(body))
        handler.wfile.write(body)

    return answer


def stream(
    make_parts: Callable[[], Iterable[bytes]],
    *,
    content_type: str = "multipart/x-mixed-replace; boundary=frame",
    pause_s: float = 0.002,
) -> Answer:
    """Raw parts, for each client anew, until they end or the server leaves."""

    def answer(handler: CameraHandler) -> None:
        handler.begin(content_type)
        for part in make_parts():
            handler.wfile.write(part)
            handler.wfile.flush()
            if handler.server.leaving.wait(pause_s):
                return

    return answer


def part(content: bytes, *, with_length: bool = True) -> bytes:
    length = b"Content-Length: %d\r\n" % len(content) if with_length else b""
    head = b"--frame\r\nContent-Type: image/jpeg\r\n" + length
    return head + b"\r\n" + content + b"\r\n"
