"""A device's folders, with finished counts made up in them."""

import json
from pathlib import Path

from edge.device.fleet_settings import FleetSettings
from edge.fleet.health import Surroundings

SAMPLE = "sample-4711"


def made_device(folder: Path) -> Surroundings:
    (folder / "counts").mkdir(parents=True)
    (folder / "keys").mkdir()
    settings = folder / "device.json"
    settings.write_text('{"source": "usb:0", "objective": "100x"}')
    return Surroundings(state=folder, settings=settings)


def made_settings(**more: object) -> FleetSettings:
    values = {"broker": "mqtt://127.0.0.1", "device": "bench-1", **more}
    return FleetSettings.model_validate(values)


def made_summary(number: int) -> dict[str, object]:
    return {
        "frames": 10 + number,
        "counted_s": 4.0,
        "leukocytes": number,
        "counts": {"neutrophil": number},
        "bundle": {"name": "cnn", "version": "1.0.0", "sha256": "0" * 64},
        "sample_id": SAMPLE,
    }


def add_count(counts: Path, number: int) -> None:
    """Put a finished count in place, as the service does: with one rename."""
    name = f"{SAMPLE}-{number:05d}"
    part = counts / f"{name}.unfinished"
    part.mkdir()
    (part / "summary.json").write_text(json.dumps(made_summary(number)))
    part.rename(counts / name)
