"""Cells as lines of text: ``cells.jsonl``."""

import json
from typing import Final

from pydantic import TypeAdapter, ValidationError

from hemalens.records import Cell
from hemalens.validation_message import validation_message

_CELL: Final = TypeAdapter(Cell)
_ON_DISK: Final = {"box": "box_xyxy"}
"""Fields whose key in the file says more than their name."""
_IN_MEMORY: Final = {key: name for name, key in _ON_DISK.items()}


def write_cell(cell: Cell) -> str:
    """Return a cell as a line, its end included."""
    # By way of Python: a frame's name may hold bytes that are no text, which JSON
    # holds as an escape and pydantic's own writer refuses.
    content = _CELL.dump_python(cell)
    record = {_ON_DISK.get(name, name): value for name, value in content.items()}
    return json.dumps(record) + "\n"


def read_cell(line: str) -> Cell:
    """Read a line that `write_cell` wrote.

    Raises
    ------
    ValueError
        When it is no cell.
    """
    record = json.loads(line)
    if not isinstance(record, dict):
        raise ValueError(f"a cell is a JSON object, this is {line[:40]!r}")
    content = {_IN_MEMORY.get(key, key): value for key, value in record.items()}
    try:
        return _CELL.validate_python(content)
    except ValidationError as error:
        raise ValueError(f"a cell's {validation_message(error)}") from error
