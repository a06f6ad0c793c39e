"""What the server does with connections before any application sees them."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from edge.station.security import patience
from edge.station.security.limits import BodyLimit
from edge.station.server import server_config
from edge.station.settings import StationSettings

app = FastAPI()
app.add_middleware(BodyLimit, body_s=0.4)


@app.get("/who")
def who(request: Request) -> str:
    return request.client.host if request.client else ""


@app.post("/body")
async def body(request: Request) -> int:
    return len(await request.body())


@app.get("/slow")
def slow() -> StreamingResponse:
    async def pieces() -> Iterator[bytes]:
        for _ in range(6):
            await asyncio.sleep(0.2)
            yield b"piece"

    return StreamingResponse(pieces())


@contextmanager
def listening(proxy: str = "") -> Iterator[int]:
    settings = StationSettings(source="demo:", data=Path("unused"), proxy=proxy)
    with socket.create_server(("127.0.0.1", 0)) as listens:
        server = uvicorn.Server(server_config(app, settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listens]})
        thread.start()
        try:
            yield listens.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(patience, "REQUEST_S", 0.4)
    with listening() as port:
        yield port


def got(port: int, path: str, **headers: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    content = connection.getresponse().read()
    connection.close()
    return content


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /who HT",
        b"GET /who HTTP/1.1\r\nHost: a\r\nX-A",
    ],
    ids=["nothing", "half a line", "half its headers"],
)
def test_a_request_that_does_not_come_is_given_up(impatient: int, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=20) as client:
        client.sendall(sent)
        began = time.monotonic()
        while client.recv(4096):
            pass
        assert time.monotonic() - began < 4


def test_a_second_request_that_drips_is_given_up(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=20) as client:
        client.sendall(b"GET /who HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        is_open = True
        while is_open and time.monotonic() - began < 4:
            try:
                client.sendall(b"G")
            except OSError:
                is_open = False
            time.sleep(0.1)
        assert not is_open


def test_a_body_that_does_not_come_is_given_up(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=20) as client:
        head = b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1"
        client.sendall(head)
        answer = b""
        while piece := client.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408")


def test_a_long_answer_is_not_cut_off(impatient: int) -> None:
    assert got(impatient, "/slow") == b"piece" * 6


def test_nobody_says_for_whom_a_request_is_but_a_named_proxy() -> None:
    told = {"X-Forwarded-For": "192.0.2.9"}
    with listening() as port:
        assert got(port, "/who", **told) == b'"127.0.0.1"'
    with listening(proxy="127.0.0.1") as port:
        assert got(port, "/who", **told) == b'"192.0.2.9"'
