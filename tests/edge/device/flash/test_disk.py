import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.device.flash.disk import refuse_used, require_free_disk
from hemalens.errors import ConfigError

DISK = Path("/dev/sdz")


def listed(*devices: dict[str, object]) -> bytes:
    return json.dumps({"blockdevices": devices}).encode()


def partition(path: str, *mountpoints: str | None, **more: object) -> dict[str, object]:
    return {"path": path, "type": "part", "mountpoints": mountpoints, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    name: str
    children: tuple[dict[str, object], ...]
    at: str


@pytest.mark.parametrize(
    "case",
    [
        InUse(name="mounted", children=(partition("/dev/sdz1", "/media/x"),), at="x"),
        InUse(
            name="the system",
            children=(partition("/dev/sdz1", None), partition("/dev/sdz2", "/")),
            at="/",
        ),
        InUse(name="swap", children=(partition("/dev/sdz3", "[SWAP]"),), at="SWAP"),
        InUse(
            name="encrypted",
            children=(
                partition(
                    "/dev/sdz1",
                    None,
                    children=[
                        {"path": "/dev/dm-0", "type": "crypt", "mountpoints": ["/home"]}
                    ],
                ),
            ),
            at="/home",
        ),
    ],
    ids=lambda case: case.name,
)
def test_disk_in_use_is_never_touched(case: InUse) -> None:
    disk = {
        "path": str(DISK),
        "type": "disk",
        "mountpoints": [None],
        "children": case.children,
    }
    with pytest.raises(ConfigError, match=rf"/dev/sdz is in use \(at .*{case.at}"):
        refuse_used(listed(disk))


def test_partition_in_place_of_a_disk_is_refused() -> None:
    with pytest.raises(ConfigError, match="is a part: name the whole disk"):
        refuse_used(listed(partition("/dev/sdz1", None)))


def test_free_disk_is_taken() -> None:
    disk = {
        "path": str(DISK),
        "type": "disk",
        "mountpoints": [None],
        "children": [partition("/dev/sdz1", None)],
    }
    refuse_used(listed(disk))


@pytest.mark.parametrize(
    ("named", "agreed"),
    [(None, True), (DISK, False), (Path("/dev/sdy"), True), (Path("/dev/sdz1"), True)],
)
def test_disk_not_named_twice_and_agreed_to_is_never_touched(
    named: Path | None, agreed: bool
) -> None:
    with pytest.raises(ConfigError, match="--device /dev/sdz --yes"):
        require_free_disk(DISK, named, agreed=agreed)
