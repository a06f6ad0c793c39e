"""Download one large file over a line that breaks, going on where it broke off.

The part received stands in a ``.part`` file; a small file beside it keeps what is
needed to go on: the address, the total size and the server's mark of the version.
"""

import errno
import http.client
import shutil
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from hemalens.errors import DatasetError

FRUITLESS_ATTEMPTS: Final = 5
"""Attempts in a row that bring nothing new before a download is given up."""

_CHUNK_BYTES: Final = 1 << 18
_TIMEOUT_S: Final = 30
_LONGEST_WAIT_S: Final = 60
_PASSING_STATUSES: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Listener(Protocol):
    """Hears how a download goes; it must not raise."""

    def received(self, done: int, total: int | None) -> None:
        """Hear how many bytes there are, of how many if the server says."""

    def noticed(self, message: str) -> None:
        """Hear about something worth telling a person."""


class PartState(BaseModel, frozen=True, extra="forbid"):
    """What is kept beside a ``.part`` file."""

    url: str
    validator: str | None
    total_bytes: int | None


class _PassingError(Exception):
    """A fault that another attempt may not meet."""

    def __init__(self, reason: str, wait_s: float = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _StaleError(Exception):
    """The part received belongs to another version of the file."""


def download(
    url: str,
    part: Path,
    listener: Listener,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Bring a file whole into `part`, resuming what is there already.

    Parameters
    ----------
    url : str
        http or https.
    part : Path
        Grows; complete on return. With `forget_part` it goes.
    listener : Listener
        Hears progress and every attempt that failed.
    pause : callable
        Waits some seconds between attempts.

    Raises
    ------
    DatasetError
        When the address, the server, the network or the disk will not have it. The
        part received stays.
    """
    _check_address(url)
    fruitless, most = 0, _size(part)
    while True:
        try:
            _receive(url, part, listener)
        except _StaleError:
            listener.noticed("the file on the server has changed: starting over")
            forget_part(part)
        except _PassingError as error:
            gained = _size(part) > most
            fruitless = 0 if gained else fruitless + 1
            most = max(most, _size(part))
            if fruitless >= FRUITLESS_ATTEMPTS:
                raise DatasetError(f"{error}, {fruitless} times in a row") from error
            wait_s = min(_LONGEST_WAIT_S, max(2.0**fruitless, error.wait_s))
            listener.noticed(f"{error}: trying again in {wait_s:.0f} s")
            pause(wait_s)
        else:
            return


def forget_part(part: Path) -> None:
    """Remove a part and what is kept beside it."""
    part.unlink(missing_ok=True)
    _state_file(part).unlink(missing_ok=True)


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and parts.hostname and url.isascii()
        _ = parts.port
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url:
        raise DatasetError(f"{url!r} is no http or https address")


def _receive(url: str, part: Path, listener: Listener) -> None:
    """Ask once for what is missing and append what comes."""
    state = _load_state(part, url)
    have = _size(part) if state else 0
    if state and have and have == state.total_bytes:
        return
    with _open(url, have, state.validator if state else None) as response:
        if have and response.status == http.HTTPStatus.PARTIAL_CONTENT:
            _check_continues(response, have, state)
        else:
            have = 0
            state = _start_over(part, url, response)
        total = state.total_bytes if state else None
        _check_room(part, have, total)
        _append(response, part, have, total, listener)
    if total is not None and _size(part) != total:
        raise _PassingError("the connection broke off")


def _open(url: str, have: int, validator: str | None) -> http.client.HTTPResponse:
    headers = {"User-Agent": f"hemalens/{version('hemalens')}"}
    if have and validator:
        headers |= {"Range": f"bytes={have}-", "If-Range": validator}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (checked)
    try:
        response: http.client.HTTPResponse = _OPENER.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(error, have) from error
    except urllib.error.URLError as error:
        raise _unreachable(error.reason, url) from error
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(f"the server broke off ({_words(error)})") from error
    if url.startswith("https:") and not response.geturl().startswith("https:"):
        response.close()
        raise DatasetError(f"{url} leads to an address that is not https")
    return response


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that knows http and https alone: no files, no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


_OPENER: Final = _opener()


def _refusal(error: urllib.error.HTTPError, have: int) -> Exception:
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        return _StaleError()
    reason = f"the server answered {error.code} {error.reason}"
    if error.code not in _PASSING_STATUSES:
        return DatasetError(reason)
    wait = error.headers.get("Retry-After", "")
    return _PassingError(reason, float(wait) if wait.isdecimal() else 0)


def _unreachable(reason: str | BaseException, url: str) -> Exception:
    host = urlsplit(url).hostname
    if isinstance(reason, socket.gaierror):
        return DatasetError(f"no such host, or no internet: {host}")
    if isinstance(reason, ssl.SSLCertVerificationError):
        return DatasetError(f"{host} shows no valid certificate ({_words(reason)})")
    return _PassingError(f"cannot reach {host} ({_words(reason)})")


def _words(error: str | BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _check_continues(
    response: http.client.HTTPResponse, have: int, state: PartState | None
) -> None:
    """Refuse a part of another version, from a server that ignores If-Range."""
    span = response.headers.get("Content-Range", "")
    expected = f"bytes {have}-"
    now = _validator(response)
    if not span.startswith(expected) or (state and now and now != state.validator):
        raise _StaleError


def _start_over(part: Path, url: str, response: http.client.HTTPResponse) -> PartState:
    """Empty the part, then write what is needed to resume it: in this order."""
    length = response.headers.get("Content-Length", "")
    state = PartState(
        url=url,
        validator=_validator(response),
        total_bytes=int(length) if length.isdecimal() else None,
    )
    try:
        part.open("wb").close()
        _state_file(part).write_text(state.model_dump_json(), encoding="utf-8")
    except OSError as error:
        raise _unwritable(part, error) from error
    return state


def _validator(response: http.client.HTTPResponse) -> str | None:
    """Give the server's mark of this version; weak ones do not serve (RFC 9110)."""
    etag = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified")


def _load_state(part: Path, url: str) -> PartState | None:
    """Load the state of a part that can be resumed; without one it starts over."""
    try:
        text = _state_file(part).read_text(encoding="utf-8")
        state = PartState.model_validate_json(text)
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    return state if state.url == url and state.validator else None


def _state_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _check_room(part: Path, have: int, total: int | None) -> None:
    free = shutil.disk_usage(part.parent).free
    if total is not None and free < total - have:
        message = f"{(total - have) >> 20} MiB wanted, {free >> 20} MiB free"
        raise _unwritable(part, OSError(errno.ENOSPC, message))


def _append(
    response: http.client.HTTPResponse,
    part: Path,
    have: int,
    total: int | None,
    listener: Listener,
) -> None:
    try:
        with part.open("ab") as file:
            while chunk := _next_chunk(response):
                file.write(chunk)
                have += len(chunk)
                listener.received(have, total)
    except OSError as error:
        raise _unwritable(part, error) from error


def _next_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(f"the connection broke off ({_words(error)})") from error


def _unwritable(part: Path, error: OSError) -> DatasetError:
    return DatasetError(f"cannot write {part}: {error.strerror}; make room and go on")
