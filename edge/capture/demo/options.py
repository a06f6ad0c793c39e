"""Read the options of a source string such as ``seed=7,frames=20``."""

from collections.abc import Mapping

from hemalens.errors import ConfigError


def split_options(text: str) -> dict[str, str]:
    """Split options into names and values.

    Raises
    ------
    ConfigError
        For a part that is no ``name=value``, or a name given twice.

    Examples
    --------
    >>> split_options("seed=7, mix=uniform")
    {'seed': '7', 'mix': 'uniform'}
    """
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = (piece.strip() for piece in part.partition("="))
        if not key or not value:
            raise ConfigError(f"demo: wants options such as seed=7, not {part!r}")
        if key in values:
            raise ConfigError(f"demo: {key} is given twice; give it once")
        values[key] = value
    return values


def whole_number(values: Mapping[str, str], key: str, default: int) -> int:
    """Read a whole number, the default where it is not given."""
    if key not in values:
        return default
    try:
        return int(values[key])
    except ValueError as error:
        raise ConfigError(
            f"demo: {key} is a whole number, not {values[key]!r}"
        ) from error


def number(values: Mapping[str, str], key: str, default: float) -> float:
    """Read a number, the default where it is not given."""
    if key not in values:
        return default
    try:
        return float(values[key])
    except ValueError as error:
        raise ConfigError(f"demo: {key} is a number, not {values[key]!r}") from error
