"""Take apart a multipart stream, as cameras send MJPEG over HTTP.

Cameras are lax about it: a boundary with or without its leading dashes, parts with or
without their length. All that is relied on is the boundary itself.

References
----------
.. [1] RFC 2046, section 5.1, *Multipart Media Type*.
"""

from collections.abc import Iterator
from email.message import Message
from typing import Final, Protocol

from hemalens.errors import CaptureError

MAXIMUM_PART_BYTES: Final = 40_000_000
"""Above any camera's frame: 12 megapixels uncompressed are 36 MB."""

_LINE_BYTES: Final = 65536
_HEADER_LINES: Final = 50


class ByteStream(Protocol):
    """What an HTTP response is to its reader."""

    def readline(self, limit: int = -1, /) -> bytes:
        """Read to the end of a line, at most so many bytes; nothing at the end."""
        ...

    def read(self, amount: int | None = -1, /) -> bytes:
        """Read so many bytes, fewer only at the end."""
        ...


def read_parts(
    stream: ByteStream, boundary: str, limit: int = MAXIMUM_PART_BYTES
) -> Iterator[bytes]:
    r"""Yield the bodies of a multipart stream, until it ends.

    Parameters
    ----------
    stream : ByteStream
        The response, at the start of its body.
    boundary : str
        From the content type.
    limit : int
        Bytes a part may have.

    Raises
    ------
    CaptureError
        When a part is larger, its headers are no headers, or no boundary comes.

    Examples
    --------
    >>> import io
    >>> body = b"--b\n\none\n--b\nContent-Length: 3\n\ntwo"
    >>> list(read_parts(io.BytesIO(body), "b"))
    [b'one', b'two']
    """
    marker = b"--" + boundary.strip("-").encode("latin-1", "replace")
    _read_to_marker(stream, marker, limit)
    while (headers := _read_headers(stream)) is not None:
        length = headers.get("content-length")
        if length is None:
            body, goes_on = _read_to_marker(stream, marker, limit)
        else:
            body = stream.read(_checked_length(length, limit))
            _, goes_on = _read_to_marker(stream, marker, limit)
        if body:
            yield body
        if not goes_on:
            return


def _read_to_marker(
    stream: ByteStream, marker: bytes, limit: int
) -> tuple[bytes, bool]:
    """Read up to the next boundary; also tell whether there was one."""
    body = bytearray()
    while line := stream.readline(_LINE_BYTES):
        at = line.find(marker)
        body += line if at < 0 else line[:at].rstrip(b"-")
        if len(body) > limit:
            raise CaptureError(
                f"the stream sent {len(body)} bytes without the boundary "
                f"{marker.decode('latin-1')}, wanted at most {limit} a frame"
            )
        if at >= 0:
            return bytes(body.removesuffix(b"\n").removesuffix(b"\r")), True
    return bytes(body), False


def _read_headers(stream: ByteStream) -> Message | None:
    """Read the headers of a part; None at the end of the stream."""
    headers = Message()
    for _ in range(_HEADER_LINES):
        line = stream.readline(_LINE_BYTES)
        if not line:
            return None
        if not line.strip():
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip()] = value.strip()
    raise CaptureError(
        f"a frame of the stream begins with more than {_HEADER_LINES} header lines: "
        "wanted an MJPEG stream"
    )


def _checked_length(text: str, limit: int) -> int:
    digits = text.strip().lstrip("0") or "0"
    is_number = bool(text) and digits.isascii() and digits.isdecimal()
    # As text first: Python refuses to read a number of thousands of digits.
    if not is_number or len(digits) > len(str(limit)) or int(digits) > limit:
        raise CaptureError(
            f"a frame of the stream has a length of {text[:20]!r}, wanted at most "
            f"{limit} bytes"
        )
    return int(digits)
