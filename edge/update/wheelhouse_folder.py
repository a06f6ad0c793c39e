"""A folder of wheels that a board installs from without a network."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hemalens.errors import ConfigError
from hemalens.files import sha256_of
from hemalens.validation_message import validation_message

MANIFEST: Final = "wheelhouse.json"
REQUIREMENTS: Final = "requirements.txt"
"""Each wheel with its hash, as pip reads it."""


class Wheelhouse(BaseModel):
    """What ``wheelhouse.json`` says of the wheels beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wheelhouse_version: Literal[1] = 1
    hemalens_version: str
    python: str
    """Such as ``3.13``."""
    architecture: str
    lock: str
    """The lock file's name."""
    sha256: dict[str, str]
    """By file name; the requirements are among them."""


def read_wheelhouse(folder: Path) -> Wheelhouse:
    """Read a wheelhouse's manifest and check each of its files.

    Raises
    ------
    ConfigError
        When it is none, or a file is missing or altered.
    StorageError
        When a file cannot be read.
    """
    try:
        made = Wheelhouse.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{folder} is no wheelhouse ({error.strerror}): make one with "
            "'hemalens device wheelhouse'"
        ) from error
    except ValidationError as error:
        raise ConfigError(
            f"{folder / MANIFEST}: {validation_message(error)}"
        ) from error
    for name, sha256 in made.sha256.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != sha256:
            raise ConfigError(
                f"{folder / name} is missing or altered: make the wheelhouse anew"
            )
    return made
