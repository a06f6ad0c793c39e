import base64
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.capture import http_camera
from edge.capture.decoder import end_idle
from edge.capture.http_address import shown_source
from edge.capture.http_camera import HttpCamera
from edge.capture.reconnecting import Patience, Reconnecting
from edge.capture.source import SourceState
from hemalens.errors import (
    CameraUnavailableError,
    CaptureError,
    ConfigError,
    FrameTimeoutError,
)
from tests.edge.capture.local_camera_server import (
    CameraHandler,
    part,
    served,
    still,
    stream,
)
from tests.edge.capture.made_images import RED, encoded, noisy


def jpegs() -> Iterator[bytes]:
    return (encoded(noisy(seed)) for seed in itertools.count())


def parts(*, with_length: bool = True) -> Iterator[bytes]:
    return (part(jpeg, with_length=with_length) for jpeg in jpegs())


@pytest.mark.parametrize("with_length", [True, False], ids=["length", "no_length"])
@pytest.mark.parametrize(
    "boundary", ["frame", "--frame", '"frame"'], ids=["plain", "dashes", "quoted"]
)
def test_a_stream_gives_its_frames(with_length: bool, boundary: str) -> None:
    kind = f"multipart/x-mixed-replace; boundary={boundary}"
    answer = stream(partial(parts, with_length=with_length), content_type=kind)
    with served({"/video": answer}) as server, HttpCamera(server.url("/video")) as http:
        assert http.status().detail.endswith("/video, MJPEG stream")
        frames = list(itertools.islice(http, 3))
    assert [frame.name for frame in frames] == [f"http-{i:06d}" for i in range(3)]
    assert frames[0].image.mean(axis=(0, 1)) == pytest.approx(RED, abs=3)
    assert not np.array_equal(frames[0].image, frames[1].image)


@pytest.mark.parametrize(("kind", "suffix"), [("jpeg", ".jpg"), ("png", ".png")])
def test_a_snapshot_is_fetched_again_and_again(kind: str, suffix: str) -> None:
    seeds = itertools.count()
    answer = still(lambda: encoded(noisy(next(seeds)), suffix), f"image/{kind}")
    with served({"/shot": answer}) as server, HttpCamera(server.url("/shot")) as http:
        assert http.status().detail.endswith("/shot, snapshots")
        frames = list(itertools.islice(http, 3))
        assert len(server.asked) == 3
    for seed, frame in enumerate(frames):
        assert np.abs(frame.image.astype(int) - noisy(seed)).mean() < 4


def test_a_snapshot_is_asked_for_only_when_it_is_wanted() -> None:
    answer = still(lambda: encoded(noisy(1)))
    with served({"/": answer}) as server, HttpCamera(server.url("/")) as http:
        next(iter(http))
        time.sleep(3 * http_camera.SHORTEST_POLL_S)
        assert len(server.asked) == 1


def test_a_truncated_jpeg_in_a_stream_is_left_out_and_counted() -> None:
    def damaged() -> Iterator[bytes]:
        yield part(encoded(noisy(0))[:-300])
        yield part(encoded(noisy(1)))
        # Its length promises more than comes: the next boundary is lost in it.
        whole = part(encoded(noisy(2)))
        yield whole[: len(whole) // 2]
        yield from (part(encoded(noisy(seed))) for seed in itertools.count(3))

    answer = stream(damaged, pause_s=0.05)
    with served({"/": answer}) as server, HttpCamera(server.url("/")) as http:
        frames = list(itertools.islice(http, 3))
        # The first may have passed before anybody came for it.
        assert http.status().detail.endswith(
            ("1 damaged frames left out", "2 damaged frames left out")
        )
    for frame in frames:
        assert frame.image.mean(axis=(0, 1)) == pytest.approx(RED, abs=3)


def test_a_page_is_no_picture() -> None:
    answer = still(lambda: b"<html>", "text/html")
    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"))
        with (
            pytest.raises(CaptureError, match=r"gives text/html, wanted a multi"),
            http,
        ):
            pass


def test_a_snapshot_that_becomes_a_page_is_said() -> None:
    bodies = iter([(encoded(noisy(1)), "image/jpeg"), (b"<html>", "text/html")])

    def answer(handler: CameraHandler) -> None:
        body, kind = next(bodies)
        handler.begin(kind, len(body))
        handler.wfile.write(body)

    with served({"/": answer}) as server, HttpCamera(server.url("/")) as http:
        frames = iter(http)
        next(frames)
        with pytest.raises(CaptureError, match=r"gives text/html now, wanted image"):
            next(frames)


def test_a_truncated_snapshot_is_said() -> None:
    def answer(handler: CameraHandler) -> None:
        body = encoded(noisy(1))
        handler.begin("image/jpeg", len(body))
        handler.wfile.write(body[: len(body) // 2])

    with (
        served({"/": answer}) as server,
        HttpCamera(server.url("/")) as http,
        pytest.raises(CaptureError, match="truncated"),
    ):
        next(iter(http))


def test_a_server_that_is_down_is_said() -> None:
    with served({}) as server:
        url = server.url("/video")
    http = HttpCamera(url)
    with (
        pytest.raises(CameraUnavailableError, match=r"does not answer .*server runs"),
        http,
    ):
        pass
    assert http.status().state is SourceState.CLOSED


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, r"answers 404 Not Found, wanted a picture"),
        (503, r"answers 503"),
        (401, r"wants a login: .*user:password@"),
        (302, r"points to http://other/video: give that address"),
    ],
)
def test_a_refusal_is_said(status: int, message: str) -> None:
    def answer(handler: CameraHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", "http://other/video")
        handler.end_headers()

    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"))
        with pytest.raises(CameraUnavailableError, match=message), http:
            pass


def test_a_password_is_sent_and_never_shown() -> None:
    answer = still(lambda: encoded(noisy(1)))
    with served({"/shot?size=full": answer}) as server:
        address = server.url("/shot?size=full").replace("http://", "http://ann:s%40x@")
        with HttpCamera(address) as http:
            next(iter(http))
            assert "s%40x" not in http.status().detail
        sent = server.asked[0].headers["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")) == b"ann:s@x"


def test_a_stalled_stream_is_a_timeout() -> None:
    def stalled() -> Iterator[bytes]:
        yield part(encoded(noisy(0)))
        yield part(encoded(noisy(1)))
        while True:
            yield b""

    answer = stream(stalled)
    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"), frame_timeout_s=0.2)
        began = time.monotonic()
        with http, pytest.raises(FrameTimeoutError):
            list(http)
    assert time.monotonic() - began < 10


def test_a_server_that_drips_is_a_timeout_too() -> None:
    """A byte now and then keeps every socket's own timeout from ending it."""

    def dripping() -> Iterator[bytes]:
        yield b"--frame\r\nContent-Length: 1000000\r\n\r\n"
        while True:
            yield b"x"

    answer = stream(dripping, pause_s=0.02)
    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"), frame_timeout_s=0.2)
        with http, pytest.raises(FrameTimeoutError, match=r"gave no frame in 0\.2 s"):
            list(http)


def test_headers_that_drip_do_not_hold_the_opening() -> None:
    def answer(handler: CameraHandler) -> None:
        while not handler.server.leaving.wait(0.02):
            handler.wfile.write(b"H")
            handler.wfile.flush()

    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"), open_timeout_s=0.2)
        with pytest.raises(CameraUnavailableError, match="did not open"), http:
            pass


def _endless(handler: CameraHandler) -> None:
    handler.begin("image/jpeg")
    _pour(handler)


def _endless_part(handler: CameraHandler) -> None:
    handler.begin("multipart/x-mixed-replace; boundary=frame")
    handler.wfile.write(b"--frame\r\n\r\n")
    _pour(handler)


def _huge_length(handler: CameraHandler) -> None:
    handler.begin("multipart/x-mixed-replace; boundary=frame")
    handler.wfile.write(b"--frame\r\nContent-Length: 99999999999\r\n\r\n")
    _pour(handler)


def _endless_headers(handler: CameraHandler) -> None:
    handler.begin("multipart/x-mixed-replace; boundary=frame")
    handler.wfile.write(b"--frame\r\n")
    while not handler.server.leaving.is_set():
        handler.wfile.write(b"a: b\r\n" * 100)


def _pour(handler: CameraHandler) -> None:
    while not handler.server.leaving.is_set():
        handler.wfile.write(os.urandom(65536))


@pytest.mark.parametrize(
    "answer",
    [_endless, _endless_part, _huge_length, _endless_headers],
    ids=lambda answer: answer.__name__.strip("_"),
)
def test_a_hostile_server_exhausts_no_memory(
    answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_camera, "MAXIMUM_PART_BYTES", 300_000)
    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"))
        with pytest.raises(CaptureError, match="wanted"), http:
            list(http)


def test_a_stream_that_breaks_off_is_taken_up_again() -> None:
    def short() -> Iterator[bytes]:
        return itertools.islice(parts(), 5)

    with served({"/": stream(short)}) as server:
        camera = HttpCamera(server.url("/"))
        patience = Patience(first_wait_s=0.01)
        with Reconnecting(camera, patience=patience) as http:
            frames = list(itertools.islice(http, 8))
        assert len(server.asked) > 1
    assert [frame.index for frame in frames] == list(range(8))


def test_a_server_that_restarts_is_found_again() -> None:
    with ExitStack() as stack:
        with served({"/": stream(parts)}) as server:
            url, port = server.url("/"), server.port
            pauses: list[float] = []

            def restart(seconds: float) -> None:
                pauses.append(seconds)
                if len(pauses) == 3:
                    stack.enter_context(served({"/": stream(parts)}, port))

            http = Reconnecting(HttpCamera(url), sleep=restart)
            frames = iter(stack.enter_context(http))
            next(frames)
        # What was sent before the server went down may still come.
        later = list(itertools.takewhile(lambda _: len(pauses) < 3, frames))
        assert len(pauses) == 3
        assert next(frames).index == len(later) + 2
        assert http.status().state is SourceState.RUNNING


def test_opening_and_closing_leaves_no_handle_and_no_thread() -> None:
    descriptors = Path("/proc/self/fd")

    def open_and_close() -> tuple[int, int]:
        answers = {"/": stream(parts), "/shot": still(lambda: encoded(noisy(1)))}
        with served(answers) as server:
            for _ in range(10):
                for path in ("/", "/shot"):
                    with HttpCamera(server.url(path)) as http:
                        next(iter(http))
        # The decoder that waits for the next camera has handles of its own.
        end_idle()
        return len(list(descriptors.iterdir())), threading.active_count()

    before = open_and_close()
    after = open_and_close()
    assert after[0] <= before[0] + 2
    assert after[1] <= before[1] + 2


def test_closing_from_another_thread_ends_a_silent_stream() -> None:
    answer = stream(lambda: itertools.repeat(b""))
    with served({"/": answer}) as server:
        http = HttpCamera(server.url("/"), frame_timeout_s=60)
        with http:
            closer = threading.Timer(0.1, http.__exit__, (None, None, None))
            closer.start()
            assert list(http) == []
            closer.join()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://", "is no address"),
        ("http://camera:port/", "unusable"),
        ("http://[::1/", "unusable"),
        ("ftp://camera/", "is no address"),
    ],
)
def test_an_unusable_address_is_said(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HttpCamera(url)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_is_left_without_a_thread(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/"
        before = threading.active_count()
        began = time.monotonic()
        camera = HttpCamera(url, open_timeout_s=0.3, frame_timeout_s=30)
        with pytest.raises(CameraUnavailableError, match="did not open"), camera:
            pass
        assert time.monotonic() - began < 5
        assert threading.active_count() == before


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("http://ann:se%40cret@camera:81/v", "http://camera:81/v"),
        ("https://se@cret@camera/v", "https://camera/v"),
        ("http://c/?User=ann&PWD=secret&size=2", "http://c/?User=***&PWD=***&size=2"),
        ("http://c/v?a=1;access_token=secret", "http://c/v?a=1;access_token=***"),
        ("http://ann:secret@[::1/", "http://"),
        ("follow:/data/token=1", "follow:/data/token=1"),
    ],
)
def test_a_login_in_an_address_is_not_shown(source: str, shown: str) -> None:
    assert shown_source(source) == shown
