"""The highest version of each model that a device ever trusted: ``trusted.json``.

A signature does not grow old, so an old bundle still verifies; what a device remembers
keeps it from being led back to it [1]_. It is raised before a new model runs, and never
lowered: after a failed trial the mended model needs a higher version.

References
----------
.. [1] The Update Framework Specification 1.0, 5.4 and 5.5 (rollback attacks).
   https://theupdateframework.github.io/specification/latest/
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hemalens.bundle import Bundle
from hemalens.durable import write_file
from hemalens.errors import BundleError, StorageError
from hemalens.manifest import Sha256, Version, version_numbers


class TrustedModel(BaseModel):
    """The highest version of one model, and the bundle that had it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Version
    sha256: Sha256


class Trusted(BaseModel):
    """What ``trusted.json`` holds: by the model's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: dict[str, TrustedModel] = Field(default_factory=dict)

    def require_not_older(self, bundle: Bundle) -> None:
        """Refuse a bundle below the highest version, or another one of that version.

        Raises
        ------
        BundleError
            When it is.
        """
        name, version = bundle.manifest.name, bundle.manifest.version
        highest = self.models.get(name)
        if highest is None or highest.sha256 == bundle.sha256:
            return
        found, known = map(version_numbers, (version, highest.version))
        if found < known:
            raise BundleError(
                f"{name} {version} is older than {highest.version}, which this device "
                "has trusted: give a newer one, or go back with 'hemalens device "
                "rollback'"
            )
        if found == known:
            raise BundleError(
                f"this {name} {version} is not the one this device has trusted "
                f"({bundle.sha256[:12]}, not {highest.sha256[:12]}): give it a higher "
                "version"
            )

    def raised(self, bundle: Bundle) -> "Trusted":
        """Trust a bundle too, which `require_not_older` let pass."""
        manifest = bundle.manifest
        model = TrustedModel(version=manifest.version, sha256=bundle.sha256)
        return Trusted(models={**self.models, manifest.name: model})


def read_trusted(path: Path) -> Trusted:
    """Read it; where there is none, nothing was trusted yet.

    Raises
    ------
    StorageError
        When it cannot be read or is damaged: then no update is safe.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Trusted()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    try:
        return Trusted.model_validate_json(content)
    except ValidationError as error:
        raise StorageError(
            f"{path} should say which versions were trusted, and is damaged: restore "
            "it, or remove it by hand to trust anew"
        ) from error


def write_trusted(path: Path, trusted: Trusted) -> None:
    """Write it durably.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    write_file(path, trusted.model_dump_json(indent=2).encode() + b"\n")
