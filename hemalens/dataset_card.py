"""What a dataset says of itself: ``dataset.json`` beside its class folders."""

import re
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hemalens.errors import DatasetError
from hemalens.validation_message import validation_message

CARD: Final = "dataset.json"


class DatasetCard(BaseModel):
    """Whose images these are, and what a reader of figures on them must know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, max_length=200)
    licence: str = Field(min_length=1, max_length=200)
    """Of the images."""
    attribution: str = Field(min_length=1, max_length=2000)
    """Authors, title, year and where it is found."""
    caveat: str = Field(default="", max_length=2000)
    """What the images cannot show."""
    pixel_size_um: float | None = Field(default=None, gt=0, le=10)
    """Micrometres per image pixel; without it images have to be of PBC's size."""
    group_pattern: str | None = Field(default=None, max_length=200)
    """Regular expression whose one group, in a file's name, is its slide or patient."""

    @field_validator("group_pattern")
    @classmethod
    def _one_group(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from error
        if groups != 1:
            raise ValueError(f"wanted one group in brackets, found {groups}")
        return pattern

    def group_of(self, name: str) -> str | None:
        """Give the slide or patient of a file; None where none is named.

        Raises
        ------
        DatasetError
            When the file's name is not as the card says.

        Examples
        --------
        >>> pattern = "^(s[0-9]+)_"
        >>> card = DatasetCard(
        ...     name="a", licence="MIT", attribution="us", group_pattern=pattern
        ... )
        >>> card.group_of("s12_004.png")
        's12'
        """
        if self.group_pattern is None:
            return None
        found = re.search(self.group_pattern, name)
        if found is None:
            raise DatasetError(
                f"{name} names no slide or patient as {CARD} says: {self.group_pattern}"
            )
        return found.group(1)


def read_card(folder: Path) -> DatasetCard | None:
    """Read a folder's card; None where it has none.

    Raises
    ------
    DatasetError
        When it cannot be read or is none.
    """
    path = folder / CARD
    try:
        return DatasetCard.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    except ValidationError as error:
        raise DatasetError(f"{path}, {validation_message(error)}") from error
