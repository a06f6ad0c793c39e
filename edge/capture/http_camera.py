"""A camera on the network: an MJPEG stream, or a snapshot fetched again and again.

Which of the two an address gives is told by its content type. The connection goes
straight to the camera: a proxy set for the web does not know the laboratory's network.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.capture.decoder import Decoder
from edge.capture.http_address import HttpAddress
from edge.capture.live_camera import FRAME_TIMEOUT_S, OPEN_TIMEOUT_S, LiveCamera
from edge.capture.multipart import MAXIMUM_PART_BYTES, read_parts
from hemalens.errors import CameraUnavailableError, CaptureError, FrameTimeoutError

SNAPSHOT_TYPES: Final = ("image/jpeg", "image/png")
STREAM_TYPE: Final = "multipart"

SHORTEST_POLL_S: Final = 0.05
"""Between two snapshots: faster than any microscope server exposes."""

_PORT: Final = 80
_TLS_PORT: Final = 443
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_REDIRECTS: Final = (301, 302, 303, 307, 308)


class HttpDevice:
    """A network camera from its opening to its closing.

    Parameters
    ----------
    timeout_s : float
        Of one answer.
    """

    def __init__(
        self, address: HttpAddress, timeout_s: float = FRAME_TIMEOUT_S
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._decoder = Decoder()
        self._connection: http.client.HTTPConnection | None = None
        self._response: http.client.HTTPResponse | None = None
        self._socket: socket.socket | None = None
        self._interrupted = threading.Event()
        self._parts: Iterator[bytes] | None = None
        self._first: bytes | None = None
        self._content = b""
        self._fetched_at = 0.0

    @property
    def on_demand(self) -> bool:
        """A stream goes on by itself, a snapshot is asked for."""
        return self._parts is None

    def open(self) -> str:
        """Request the address, and read from the answer what it gives."""
        response = self._get()
        content_type = response.headers.get_content_type()
        if content_type.partition("/")[0] == STREAM_TYPE:
            boundary = response.headers.get_boundary() or ""
            self._parts = read_parts(response, boundary, MAXIMUM_PART_BYTES)
            return "MJPEG stream"
        if content_type not in SNAPSHOT_TYPES:
            raise CaptureError(
                f"{self._address.shown} gives {content_type}, wanted a multipart "
                f"stream, {' or '.join(SNAPSHOT_TYPES)}: give the address of the "
                "camera's picture, not of its page"
            )
        self._first = self._body(response)
        return "snapshots"

    def grab(self) -> None:
        """Take the next frame from the stream, or fetch a snapshot."""
        parts = self._parts
        self._content = self._snapshot() if parts is None else self._next_part(parts)

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Decode the frame; a damaged one of a stream is left out."""
        try:
            return self._decoder.content(self._content, self._address.shown)
        except CaptureError:
            # The next frame of a stream comes by itself, the next snapshot is asked
            # for: at once and for ever, unless this one is an error.
            if self._parts is None:
                raise
            return None

    def preview(self) -> None:
        """Show nothing: the camera makes no second image."""

    def interrupt(self) -> None:
        """End a wait for the network."""
        self._interrupted.set()
        open_socket = self._socket
        if open_socket is not None:
            with suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, and end the decoder."""
        self._disconnect()
        self._decoder.close()

    def _disconnect(self) -> None:
        for opened in (self._response, self._connection, self._socket):
            if opened is not None:
                with suppress(OSError):
                    opened.close()
        self._response = self._connection = self._socket = None

    def _snapshot(self) -> bytes:
        content, self._first = self._first, None
        if content is None:
            due_s = self._fetched_at + SHORTEST_POLL_S - time.monotonic()
            self._interrupted.wait(max(0.0, due_s))
            response = self._get()
            content_type = response.headers.get_content_type()
            if content_type not in SNAPSHOT_TYPES:
                raise CaptureError(
                    f"{self._address.shown} gives {content_type} now, wanted "
                    f"{' or '.join(SNAPSHOT_TYPES)} as before"
                )
            content = self._body(response)
        self._fetched_at = time.monotonic()
        return content

    def _body(self, response: http.client.HTTPResponse) -> bytes:
        with self._plain_errors():
            content = response.read(MAXIMUM_PART_BYTES + 1)
        if len(content) > MAXIMUM_PART_BYTES:
            raise CaptureError(
                f"{self._address.shown} gives more than {MAXIMUM_PART_BYTES} bytes, "
                "wanted one image"
            )
        return content

    def _next_part(self, parts: Iterator[bytes]) -> bytes:
        with self._plain_errors():
            for content in parts:
                return content
        raise CaptureError(
            f"{self._address.shown} ended its stream, wanted it to go on: "
            "check the camera's server"
        )

    def _get(self) -> http.client.HTTPResponse:
        """Request the address; the answer's body is still to be read."""
        self._disconnect()
        with self._plain_errors():
            self._connection = connection = self._connect()
            connection.request("GET", self._address.path, headers=self._address.headers)
            self._response = response = connection.getresponse()
        if response.status != _OK:
            raise CameraUnavailableError(_refusal(self._address, response))
        return response

    def _connect(self) -> http.client.HTTPConnection:
        address = self._address
        port = address.port or (_TLS_PORT if address.is_encrypted else _PORT)
        connection = http.client.HTTPConnection(address.host, port)
        try:
            # By hand, so that a server which answers nothing can be left at any time.
            self._socket = opened = socket.create_connection(
                (address.host, port), self._timeout_s
            )
            if address.is_encrypted:
                encrypted = ssl.create_default_context().wrap_socket(
                    opened,
                    server_hostname=address.host,
                    do_handshake_on_connect=False,
                )
                self._socket = opened = encrypted
                encrypted.do_handshake()
            connection.sock = opened
        except ssl.SSLError as error:
            raise CameraUnavailableError(
                f"{address.shown} cannot prove who it is ({error.reason}): install its "
                "certificate, or use http:// inside the laboratory"
            ) from error
        except OSError as error:
            raise CameraUnavailableError(
                f"{address.shown} does not answer ({error.strerror or error}): check "
                "the address, the network, and that the camera's server runs"
            ) from error
        return connection

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Translate what the network raises."""
        shown = self._address.shown
        try:
            yield
        except TimeoutError as error:
            raise FrameTimeoutError(
                f"{shown} sent nothing for {self._timeout_s:g} s: check the camera's "
                "server and the network"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise CaptureError(
                f"{shown} was lost ({str(error) or type(error).__name__}): check the "
                "camera's server and the network"
            ) from error


def _refusal(address: HttpAddress, response: http.client.HTTPResponse) -> str:
    if response.status == _UNAUTHORIZED:
        return (
            f"{address.shown} wants a login: put it into the address, "
            "as in http://user:password@camera/"
        )
    if response.status in _REDIRECTS:
        target = response.headers.get("location", "elsewhere")
        return f"{address.shown} points to {target[:200]}: give that address"
    return (
        f"{address.shown} answers {response.status} {response.reason[:100]}, wanted "
        "a picture: check the address"
    )


class HttpCamera(LiveCamera):
    """A network camera as a frame source.

    Parameters
    ----------
    url : str
        Begins with ``http://`` or ``https://``; may hold a user and password.
    open_timeout_s, frame_timeout_s : float
        How long opening, and a frame, may take.

    Raises
    ------
    ConfigError
        When the URL is none.
    """

    def __init__(
        self,
        url: str,
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        frame_timeout_s: float = FRAME_TIMEOUT_S,
    ) -> None:
        address = HttpAddress.parse(url)
        super().__init__(
            address.shown,
            "http",
            lambda: HttpDevice(address, frame_timeout_s),
            open_timeout_s=open_timeout_s,
            frame_timeout_s=frame_timeout_s,
        )

    @classmethod
    def from_source(cls, text: str) -> Self:
        """Read an address.

        Raises
        ------
        ConfigError
            When it is none.
        """
        return cls(text)
