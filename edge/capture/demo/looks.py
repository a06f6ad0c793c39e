"""Every nucleated class's looks, as the table ``looks.toml`` has them."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from edge.capture.demo import nucleus
from edge.capture.demo.appearance import Appearance, Chromatin, Cytoplasm
from edge.capture.demo.granules import Granules
from edge.capture.demo.outline import Unevenness
from hemalens.classes import CellClass

_TABLE: Final = "looks.toml"
_LOOKS: Final = "looks"


def _read_looks() -> dict[CellClass, tuple[Appearance, ...]]:
    text = files("edge.capture.demo").joinpath(_TABLE).read_text(encoding="utf-8")
    table = _with_tuples(tomllib.loads(text))
    return {
        CellClass(name): tuple(_appearance(shared | look) for look in shared[_LOOKS])
        for name, shared in table.items()
    }


def _appearance(row: dict[str, Any]) -> Appearance:
    made = {
        "nucleus_shape": getattr(nucleus, f"{row['nucleus_shape']}_nucleus"),
        "chromatin": Chromatin(**row["chromatin"]),
        "cytoplasm": Cytoplasm(**row["cytoplasm"]),
        "granules": tuple(Granules(**one) for one in row.get("granules", ())),
        "outline": Unevenness(**row.get("outline", {})),
    }
    given = {name: value for name, value in row.items() if name != _LOOKS}
    return Appearance(**given | made)


def _with_tuples(value: Any) -> Any:
    """Return a table whose lists are tuples, as records have them."""
    if isinstance(value, dict):
        return {name: _with_tuples(one) for name, one in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


APPEARANCES: Final[Mapping[CellClass, tuple[Appearance, ...]]] = MappingProxyType(
    _read_looks()
)
"""The shares of a class's looks add up to 1."""
