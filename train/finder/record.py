"""What a finder's run was asked to do, kept within its ``.keras`` file."""

from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from pydantic import BaseModel, ConfigDict, ValidationError

from hemalens.errors import TrainingError

_RECORD: Final = "finder.json"


class FinderRecord(BaseModel):
    """A run's settings and the fields it trained on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int
    batch_size: int
    side_px: int
    learning_rate: float
    seed: int
    initial_weights: str = "none"
    """``none`` or the SHA-256 of a file."""
    fields: dict[str, int]
    """By source."""
    hemalens_version: str


def put_record(model: Path, record: FinderRecord) -> None:
    """Put a record into a ``.keras`` file, which is a zip archive."""
    with ZipFile(model, "a") as archive:
        archive.writestr(_RECORD, record.model_dump_json(indent=2))


def finder_record_in(model: Path) -> FinderRecord:
    """Read what the run that made a finder was asked.

    Raises
    ------
    TrainingError
        When the file holds no record, or one of another version.
    """
    try:
        with ZipFile(model) as archive:
            return FinderRecord.model_validate_json(archive.read(_RECORD))
    except (OSError, KeyError, BadZipFile, ValidationError) as error:
        raise TrainingError(
            f"{model} does not say how it was trained: wanted a model of "
            "'hemalens train finder'"
        ) from error
