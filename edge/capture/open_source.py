"""From what a person types as SOURCE to a frame source."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.capture.source import FrameSource
from hemalens.errors import ConfigError

VIDEO_SUFFIXES: Final = frozenset(
    {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Where a kind of source is made.

    Parameters
    ----------
    module, class_name : str
        Its class, whose ``from_source`` reads what follows the prefix.
    keeps_prefix : bool
        Whether it reads the prefix too, as an address does.
    """

    module: str
    class_name: str
    keeps_prefix: bool = False


_HTTP: Final = _Kind(
    module="edge.capture.http_camera", class_name="HttpCamera", keeps_prefix=True
)

_KINDS: Final = {
    "demo:": _Kind(module="edge.capture.demo_slide", class_name="DemoSlide"),
    "follow:": _Kind(
        module="edge.capture.followed_folder", class_name="FollowedFolder"
    ),
    "picamera2:": _Kind(module="edge.capture.pi_camera", class_name="PiCamera"),
    "usb:": _Kind(module="edge.capture.usb_camera", class_name="UsbCamera"),
    "http://": _HTTP,
    "https://": _HTTP,
}


def names_kind(source: str) -> bool:
    """Return whether a source begins with a kind; others are files and folders.

    Examples
    --------
    >>> names_kind("usb:0"), names_kind("slides/17")
    (True, False)
    """
    return source.startswith(tuple(_KINDS))


def open_source(source: str) -> FrameSource:
    """Make the frame source a person names; nothing is opened yet.

    Parameters
    ----------
    source : str
        An image or video file, a folder of images; ``demo:``, ``follow:DIR``,
        ``picamera2:0``, ``usb:0``, each with its options; or a network camera's
        address.

    Returns
    -------
    FrameSource
        A live one comes as `edge.capture.reconnecting.Reconnecting`.

    Raises
    ------
    ConfigError
        When it names a kind of source there is not, or bad options.
    """
    for prefix, kind in _KINDS.items():
        if source.startswith(prefix):
            text = source if kind.keeps_prefix else source.removeprefix(prefix)
            made = getattr(importlib.import_module(kind.module), kind.class_name)
            return _kept_running(made.from_source(text))
    if "://" in source:
        raise ConfigError(
            f"{source.partition('://')[0]}:// is no source that can be read; wanted a "
            f"file, a folder, or one of {', '.join(_KINDS)}"
        )
    return _open_path(Path(source))


def _open_path(path: Path) -> FrameSource:
    if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir():
        from edge.capture.video_file import VideoFile

        return VideoFile(path)
    from edge.capture.image_files import ImageFiles

    return ImageFiles(path)


def _kept_running(source: FrameSource) -> FrameSource:
    if not source.is_live:
        return source
    from edge.capture.reconnecting import Reconnecting

    return Reconnecting(source)
