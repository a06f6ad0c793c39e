"""The address of a camera on the network."""

import base64
import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from hemalens.errors import ConfigError

_SECRET: Final = re.compile(
    r"((?:^|[&;])[^=&;]*(?:pass|pwd|user|usr|login|token|key|auth|secret|sid)[^=&;]*=)"
    r"[^&;]+",
    re.IGNORECASE,
)
"""A part of a query by whose name cameras take a login."""


def shown_source(source: str) -> str:
    """Return what a person calls a source without the login in it.

    Examples
    --------
    >>> shown_source("http://ann:secret@camera/video")
    'http://camera/video'
    >>> shown_source("usb:0")
    'usb:0'
    """
    if not source.startswith(("http://", "https://")):
        return source
    try:
        return HttpAddress.parse(source).shown
    except ConfigError:
        return f"{source.partition('://')[0]}://"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAddress:
    """Where a camera answers.

    Parameters
    ----------
    shown : str
        For messages, the operator and what is kept: without the login.
    port : int or None
        None for the usual one.
    path : str
        With its query.
    headers : dict of str to str
        To send; the password is here.
    """

    shown: str
    is_encrypted: bool
    host: str
    port: int | None
    path: str
    headers: dict[str, str]

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address such as ``http://microscope.local:5000/stream``.

        Raises
        ------
        ConfigError
            When it is none.

        Examples
        --------
        >>> HttpAddress.parse("http://ann:secret@camera/video?size=full").shown
        'http://camera/video?size=full'
        >>> HttpAddress.parse("http://camera/?pwd=secret&size=full").shown
        'http://camera/?pwd=***&size=full'
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ConfigError(f"a camera's address is unusable: {error}") from error
        shown = parts._replace(
            netloc=parts.netloc.rpartition("@")[2],
            query=_SECRET.sub(r"\1***", parts.query),
        ).geturl()
        if parts.scheme not in ("http", "https") or not host:
            raise ConfigError(
                f"{shown} is no address: wanted such as http://microscope:5000/stream"
            )
        query = f"?{parts.query}" if parts.query else ""
        return cls(
            shown=shown,
            is_encrypted=parts.scheme == "https",
            host=host,
            port=port,
            path=(parts.path or "/") + query,
            headers=_headers(parts),
        )


def _headers(parts: SplitResult) -> dict[str, str]:
    headers = {
        "Accept": "multipart/x-mixed-replace, image/jpeg, image/png",
        # Whatever length an answer states, it is over when the connection is.
        "Connection": "close",
    }
    if parts.username is not None:
        # RFC 7617: user and password of the address, as text before encoding.
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        code = base64.b64encode(login.encode()).decode()
        headers["Authorization"] = f"Basic {code}"
    return headers
