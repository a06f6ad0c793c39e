"""What one device counts, and with what: ``device.json``."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.device.fleet_settings import FleetSettings
from edge.records.population import Population
from hemalens.errors import ConfigError
from hemalens.validation_message import validation_message

SETTINGS_PATH: Final = Path("/etc/hemalens/device.json")


class DeviceSettings(BaseModel):
    """The settings `hemalens device run` works by."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str = Field(min_length=1, max_length=200)
    """As ``hemalens count`` takes it, such as ``picamera2:0``."""
    objective: str = Field(min_length=1, max_length=100)
    bundle: str = "current"
    """``current``, which updates change; a shipped bundle's name, or a file."""
    profile: Path | None = None
    """The optics' profile of this objective."""
    target: int | None = Field(default=None, ge=1)
    """Leukocytes of one count; until it is stopped by default."""
    population: Population = Population.UNRESTRICTED
    """Whose blood is counted: which classes are rare."""
    fleet: FleetSettings | None = None
    """The broker that results go to; None for a device by itself."""


def read_device_settings(path: Path = SETTINGS_PATH) -> DeviceSettings:
    """Read a device's settings.

    Raises
    ------
    ConfigError
        When there are none, or a setting is unknown or wrong.
    """
    try:
        return DeviceSettings.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"cannot read the device's settings {path}: {error.strerror}; "
            "'hemalens device flash' makes them and 'install' puts them there"
        ) from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {validation_message(error)}") from error
