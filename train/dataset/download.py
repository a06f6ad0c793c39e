"""Download one large file over a line that breaks, going on where it broke off.

What was received is named by the address and the server's mark of the file's version,
so that no other version is ever continued.
"""

import hashlib
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final, Protocol

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from urllib3.util import Retry

from hemalens.errors import DatasetError
from train.dataset.unpack import require_room

FRUITLESS_ATTEMPTS: Final = 5
"""Attempts in a row that bring nothing new before a download is given up."""

_CHUNK_BYTES: Final = 1 << 14
"""As much may be lost when a line breaks."""
_TIMEOUT_S: Final = 30
_PASSING_STATUSES: Final = (408, 425, 429, 500, 502, 503, 504)


class Listener(Protocol):
    """Hears how a download goes; it must not raise."""

    def received(self, done: int, total: int | None) -> None:
        """Hear how many bytes there are, of how many if the server says."""

    def noticed(self, message: str) -> None:
        """Hear about something worth telling a person."""


def download(
    url: str, part: Path, listener: Listener, *, backoff_s: float = 1.0
) -> Path:
    """Bring a file whole, resuming what is there already.

    Parameters
    ----------
    url : str
        http or https.
    part : Path
        What is received stands beside it, under its name and a mark.
    listener : Listener
        Hears progress and each time the line broke.
    backoff_s : float
        Unit of the growing waits between attempts.

    Returns
    -------
    Path
        The whole file; `forget_parts` removes it.

    Raises
    ------
    DatasetError
        When the address, the server, the network or the disk will not have it. The
        part received stays.
    """
    fruitless, most = 0, _received_bytes(part)
    with _session(backoff_s) as session:
        while True:
            try:
                return _receive(session, url, part, listener)
            except (ChunkedEncodingError, requests.ConnectionError) as error:
                have = _received_bytes(part)
                fruitless = 0 if have > most else fruitless + 1
                most = max(most, have)
                told = f"the connection broke off ({_reason(error)})"
                if fruitless >= FRUITLESS_ATTEMPTS:
                    raise DatasetError(f"{told}, {fruitless} times in a row") from error
                listener.noticed(f"{told}: trying again")
                time.sleep(backoff_s * 2.0**fruitless)
            except OSError as error:
                reason = f"{error.strerror}; make room and go on"
                raise DatasetError(f"cannot write {part}: {reason}") from error


def parts_of(part: Path) -> list[Path]:
    """List what was received, of whatever version."""
    beside = part.parent.iterdir()
    return [one for one in beside if one.name.startswith(f"{part.name}-")]


def forget_parts(part: Path) -> None:
    """Remove what was received."""
    for one in parts_of(part):
        one.unlink()


def _received_bytes(part: Path) -> int:
    return sum(one.stat().st_size for one in parts_of(part))


def _session(backoff_s: float) -> requests.Session:
    """Make a session that tries again what may pass, as a server that is busy."""
    retry = Retry(
        FRUITLESS_ATTEMPTS - 1,
        connect=2,
        backoff_factor=backoff_s,
        status_forcelist=_PASSING_STATUSES,
        respect_retry_after_header=False,
    )
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    # Encoded, a file has another length, and its bytes other places.
    session.headers["Accept-Encoding"] = "identity"
    session.headers["User-Agent"] = f"hemalens/{version('hemalens')}"
    return session


def _receive(
    session: requests.Session, url: str, part: Path, listener: Listener
) -> Path:
    """Ask once for the file, and where its beginning is here for the rest of it."""
    with _get(session, url) as whole:
        total, mark = _length(whole), _validator(whole)
        target = _target(part, url, mark)
        have = target.stat().st_size if target.exists() else 0
        if mark and have == total:
            return target
        if not (mark and total and 0 < have < total):
            _write(whole, target, 0, total, listener)
            return target
    asked = {"Range": f"bytes={have}-", "If-Range": mark}
    with _get(session, url, asked) as rest:
        if _validator(rest) != mark:
            raise requests.ConnectionError("the file on the server has changed")
        continues = rest.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        _write(rest, target, have if continues else 0, total, listener)
    return target


def _get(
    session: requests.Session, url: str, headers: dict[str, str] | None = None
) -> requests.Response:
    try:
        response = session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S)
    except requests.RequestException as error:
        raise DatasetError(f"cannot download {url!r} ({_reason(error)})") from error
    fault = None
    if not response.ok:
        fault = f"the server answered {response.status_code} {response.reason}"
    elif url.startswith("https:") and not response.url.startswith("https:"):
        fault = f"{url} leads to an address that is not https"
    if fault is not None:
        response.close()
        raise DatasetError(fault)
    return response


def _reason(error: BaseException) -> str:
    """Return what was wrong at the bottom of it, in one line."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(told).split())


def _validator(response: requests.Response) -> str:
    """Return the server's mark of this version; weak ones do not serve (RFC 9110)."""
    etag = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return response.headers.get("Last-Modified", "")


def _length(response: requests.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _target(part: Path, url: str, mark: str) -> Path:
    """Name the file of this version, and remove those of others."""
    name = hashlib.sha256(f"{url} {mark}".encode()).hexdigest()[:12]
    target = part.with_name(f"{part.name}-{name}")
    for one in parts_of(part):
        if one != target:
            one.unlink()
    return target


def _write(
    response: requests.Response,
    target: Path,
    have: int,
    total: int | None,
    listener: Listener,
) -> None:
    require_room(target.parent, (total or have) - have)
    with target.open("ab" if have else "wb") as file:
        for chunk in response.iter_content(_CHUNK_BYTES):
            file.write(chunk)
            have += len(chunk)
            listener.received(have, total)
