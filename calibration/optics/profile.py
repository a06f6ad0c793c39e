"""What the optics of one device and objective do, measured and dated: one JSON file."""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from hemalens.errors import CalibrationError
from hemalens.files import write_whole
from hemalens.validation_message import validation_message

PROFILE_VERSION: Final = 1

Level = Annotated[float, Field(ge=1, le=255)]
Light = Annotated[float, Field(ge=0.02, le=1)]
Gain = Annotated[float, Field(ge=1, le=8)]
Rgb = tuple[float, float, float]
Name = Annotated[str, Field(min_length=1, max_length=100)]


def now() -> datetime:
    """Return the time a measurement carries, in UTC, without fractions of a second."""
    return datetime.now(UTC).replace(microsecond=0)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PixelSizeMethod(StrEnum):
    """What the pixel size was measured on."""

    STAGE_MICROMETER = "stage-micrometer"
    RED_CELLS = "red-cells"


class PixelSize(_Record):
    """Micrometres per pixel at the specimen."""

    pixel_size_um: float = Field(ge=0.01, le=10)
    uncertainty_um: float = Field(ge=0)
    """Standard uncertainty."""
    method: PixelSizeMethod
    images: int = Field(ge=1)
    measured_at: AwareDatetime


class FlatField(_Record):
    """How evenly the lamp lights the frame."""

    light: tuple[tuple[tuple[Light, Light, Light], ...], ...] = Field(
        min_length=2, max_length=256
    )
    """Rows of R, G, B, 1 being the channel's brightest; the outermost values lie on
    the frame's edges."""
    level_rgb: tuple[Level, Level, Level]
    """Camera levels where the light is 1."""
    images: int = Field(ge=1)
    measured_at: AwareDatetime

    @model_validator(mode="after")
    def _rectangular(self) -> "FlatField":
        if len({len(row) for row in self.light}) != 1 or len(self.light[0]) < 2:
            raise ValueError("rows of light differ in length")
        return self

    def grid(self) -> NDArray[np.float32]:
        """Return the light as an array of shape (rows, columns, 3), RGB."""
        return np.array(self.light, np.float32)


class WhiteBalance(_Record):
    """What makes the empty slide neutral."""

    gains_rgb: tuple[Gain, Gain, Gain]
    """The brightest channel's is 1."""
    level_rgb: tuple[Level, Level, Level]
    """Camera levels of the empty slide, evenly lit."""
    images: int = Field(ge=1)
    measured_at: AwareDatetime


class OpticalProfile(_Record):
    """All that was measured of one device with one objective."""

    profile_version: Literal[1] = 1
    device: Name
    objective: Name
    frame_size_wh: tuple[
        Annotated[int, Field(ge=1, le=100_000)], Annotated[int, Field(ge=1, le=100_000)]
    ]
    pixel_size: PixelSize | None = None
    flat_field: FlatField | None = None
    white_balance: WhiteBalance | None = None

    @property
    def sha256(self) -> str:
        """Digest of all it says: two counts with the same one saw the same optics."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres per pixel; None where it was not measured."""
        return self.pixel_size.pixel_size_um if self.pixel_size else None

    @property
    def background_rgb(self) -> Rgb | None:
        """Camera levels expected of the evenly lit, empty slide, before correction."""
        known = self.white_balance or self.flat_field
        return known.level_rgb if known else None


def read_profile(path: Path) -> OpticalProfile:
    """Read a profile.

    Raises
    ------
    CalibrationError
        When the file cannot be read, is no profile, or a newer HemaLens wrote it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CalibrationError(
            f"cannot read the optical profile {path}: {error.strerror}"
        ) from error
    _refuse_newer(path, content)
    try:
        return OpticalProfile.model_validate_json(content)
    except ValidationError as error:
        raise CalibrationError(
            f"{path} is no optical profile: {validation_message(error)}; "
            "measure anew with 'hemalens calibrate'"
        ) from error


def _refuse_newer(path: Path, content: bytes) -> None:
    try:
        version = json.loads(content)["profile_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # What is wrong with it, validation says.
    if type(version) is int and version > PROFILE_VERSION:
        raise CalibrationError(
            f"{path} was written by a newer HemaLens (profile version {version}, "
            f"this one reads {PROFILE_VERSION}): update this one, or measure anew"
        )


def write_profile(path: Path, profile: OpticalProfile) -> None:
    """Write a profile whole, or leave the old one.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    write_whole(path, profile.model_dump_json(indent=1).encode() + b"\n")


def open_profile(
    path: Path,
    frame_size_wh: tuple[int, int],
    device: str | None = None,
    objective: str | None = None,
) -> OpticalProfile:
    """Read the profile a measurement goes into, or begin one where there is none.

    Parameters
    ----------
    path : Path
        The profile's file.
    frame_size_wh : pair of int
        Of the image measured.
    device, objective : str, optional
        Needed to begin a profile; must be those of one that is there.

    Raises
    ------
    CalibrationError
        When the profile is unreadable, another device's or objective's, or made for
        frames of another size; or when a name is missing to begin one.
    """
    if not path.exists():
        return _begin(path, frame_size_wh, device, objective)
    profile = read_profile(path)
    for word, wanted, known in (
        ("device", device, profile.device),
        ("objective", objective, profile.objective),
    ):
        if wanted is not None and wanted != known:
            raise CalibrationError(
                f"{path} is the profile of {word} '{known}', not '{wanted}': "
                "give each device and objective a file of its own"
            )
    refuse_other_size(profile, frame_size_wh, str(path))
    return profile


def _begin(
    path: Path,
    frame_size_wh: tuple[int, int],
    device: str | None,
    objective: str | None,
) -> OpticalProfile:
    if not device or not objective:
        raise CalibrationError(
            f"there is no profile {path} yet: name its --device and --objective to "
            "begin one"
        )
    try:
        return OpticalProfile(
            device=device, objective=objective, frame_size_wh=frame_size_wh
        )
    except ValidationError as error:
        raise CalibrationError(
            "a device or objective has a name of at most 100 characters"
        ) from error


def refuse_other_size(
    profile: OpticalProfile, size_wh: tuple[int, int], name: str
) -> None:
    """Refuse frames of another size than a profile was measured on.

    Raises
    ------
    CalibrationError
    """
    if size_wh != profile.frame_size_wh:
        wanted, came = ("{}x{}".format(*s) for s in (profile.frame_size_wh, size_wh))
        raise CalibrationError(
            f"{name} is for frames of {wanted}, this one is {came}: "
            "use the camera's setting that the count uses"
        )
