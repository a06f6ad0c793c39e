"""What reports are drawn with, or its absence in one line."""

from importlib.util import find_spec

from hemalens.errors import MissingExtraError


def require_drawing(wanted: str) -> None:
    """Refuse before anything is measured, not after.

    Raises
    ------
    MissingExtraError
        When Matplotlib or Jinja is not installed.
    """
    if find_spec("matplotlib") is None or find_spec("jinja2") is None:
        raise MissingExtraError(wanted, "train")
