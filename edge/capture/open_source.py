"""From what a person types as SOURCE to a frame source."""

from pathlib import Path

from edge.capture.source import FrameSource
from hemalens.errors import ConfigError

_CAMERAS = ("picamera2:", "usb:", "http:", "https:")


def open_source(source: str) -> FrameSource:
    """Make the frame source a person names; nothing is opened yet.

    Parameters
    ----------
    source : str
        An image file, a folder of images, or ``demo:`` with its options.

    Raises
    ------
    ConfigError
        When it names a kind of source this version does not have, or bad options.
    """
    if source.startswith("demo:"):
        from edge.capture.demo_slide import DemoSlide

        return DemoSlide.from_source(source.removeprefix("demo:"))
    if source.startswith(_CAMERAS):
        raise ConfigError(
            f"{source}: this version counts images, folders and demo:, no cameras yet"
        )
    from edge.capture.image_files import ImageFiles

    return ImageFiles(Path(source))
