"""Examine what the device counts with: settings, model and keys."""

from pathlib import Path

from edge.bundles import open_bundle
from edge.capture.http_address import shown_source
from edge.device.check.finding import Finding, found
from edge.device.device_settings import DeviceSettings, read_device_settings
from edge.update.current import CURRENT, ModelRoot, open_current
from hemalens.errors import HemaLensError


def examine_settings(path: Path) -> tuple[DeviceSettings | None, Finding]:
    """Examine the settings; None when they cannot be read."""
    try:
        settings = read_device_settings(path)
    except HemaLensError as error:
        return None, _settings(path, str(error), passed=False)
    what = f"{shown_source(settings.source)}, {settings.objective}"
    return settings, _settings(path, what, passed=True)


def _settings(path: Path, what: str, *, passed: bool) -> Finding:
    return found(
        "settings",
        str(path),
        what,
        passed=passed,
        mend="sudo hemalens device install --from /boot/firmware/hemalens",
    )


def examine_bundle(settings: DeviceSettings | None, models: ModelRoot) -> Finding:
    """Examine that the model wanted is there, whole and trusted."""
    wanted = CURRENT if settings is None else settings.bundle
    try:
        what, faults = _describe(wanted, models)
    except HemaLensError as error:
        what, faults = str(error), (str(error),)
    return found(
        "bundle",
        f"{wanted}, whole and trusted",
        "; ".join((what, *faults)) if what not in faults else what,
        passed=not faults,
        mend="sudo hemalens device update BUNDLE, or 'hemalens device rollback'",
    )


def _describe(wanted: str, models: ModelRoot) -> tuple[str, tuple[str, ...]]:
    if wanted != CURRENT:
        manifest = open_bundle(wanted).manifest
        return f"{manifest.name} {manifest.version}", ()
    current = open_current(models)
    manifest = current.bundle.manifest
    origin = "" if current.target else ", the shipped one"
    return f"{manifest.name} {manifest.version}{origin}", current.faults


def examine_keys(models: ModelRoot) -> Finding:
    """Examine that there is a key whose models may run."""
    try:
        names = models.key_names()
        trusts = bool(names) and models.trusted_keys is not None
        what = ", ".join(names) or "none"
    except HemaLensError as error:
        trusts, what = False, str(error)
    return found(
        "trusted keys",
        "at least one public key",
        what,
        passed=trusts,
        mend=f"put QA's .pub file into {models.keys}: it cannot be updated without",
    )
