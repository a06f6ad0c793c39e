"""Read the options of a source string such as ``usb:0,width_px=1920``."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from hemalens.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """The ``name=value`` pairs of a source string.

    Parameters
    ----------
    prefix : str
        The kind of source, such as ``usb:``; messages begin with it.
    values : dict of str to str
        As typed, without the spaces around them.
    """

    prefix: str
    values: dict[str, str]

    @classmethod
    def parse(cls, prefix: str, text: str, known: Collection[str]) -> Self:
        """Split options at their commas.

        Raises
        ------
        ConfigError
            For a part that is no ``name=value``, a name given twice or not known.

        Examples
        --------
        >>> SourceOptions.parse("demo:", "seed=7, mix=uniform", ("seed", "mix")).values
        {'seed': '7', 'mix': 'uniform'}
        """
        values: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            key, _, value = (piece.strip() for piece in part.partition("="))
            if not key or not value:
                example = f"{next(iter(known))}=7"
                raise ConfigError(
                    f"{prefix} wants options such as {example}, not {part!r}"
                )
            if key in values:
                raise ConfigError(f"{prefix} {key} is given twice; give it once")
            if key not in known:
                raise ConfigError(
                    f"{prefix} has no option {key!r}; it has {', '.join(known)}"
                )
            values[key] = value
        return cls(prefix=prefix, values=values)

    def text(self, key: str, default: str) -> str:
        """Read a word, the default where it is not given."""
        return self.values.get(key, default)

    def whole_number(self, key: str, default: int) -> int:
        """Read a whole number, the default where it is not given."""
        if key not in self.values:
            return default
        try:
            return int(self.values[key])
        except ValueError as error:
            raise ConfigError(
                f"{self.prefix} {key} is a whole number, not {self.values[key]!r}"
            ) from error

    def number(self, key: str, default: float) -> float:
        """Read a number, the default where it is not given."""
        if key not in self.values:
            return default
        try:
            return float(self.values[key])
        except ValueError as error:
            raise ConfigError(
                f"{self.prefix} {key} is a number, not {self.values[key]!r}"
            ) from error

    def size_wh(self) -> tuple[int, int] | None:
        """Read ``width_px`` and ``height_px``, which go together; None without them.

        Raises
        ------
        ConfigError
            When one is given without the other, or is not from 32 to 16384.
        """
        if not {"width_px", "height_px"} & self.values.keys():
            return None
        size_wh = self.whole_number("width_px", 0), self.whole_number("height_px", 0)
        if not all(32 <= side <= 16384 for side in size_wh):
            raise ConfigError(
                f"{self.prefix} wants both width_px and height_px, each from 32 to"
                f" 16384; they are {size_wh[0]} and {size_wh[1]}"
            )
        return size_wh
