"""The real server killed again and again: nothing that it said it had is lost."""

import contextlib
import json
import random
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

import pytest

from edge.station.records import ReviewedCell, SampleState
from edge.station.station import Station
from hemalens.classes import CellClass
from tests.edge.station.page.station_process import StationProcess
from tests.edge.station.served import API

KILLS: Final = 12
SOURCE: Final = "demo:frames=40,width_px=480,height_px=360,seed=3"
CLASSES: Final = tuple(CellClass)


class Operator:
    """Works at a station that may die, and remembers what it was told.

    Parameters
    ----------
    address : str
    draw : Random
    """

    def __init__(self, address: str, draw: random.Random) -> None:
        self._api = f"{address}{API}"
        self._draw = draw
        self._csrf = ""
        self.count_id = ""
        self.said: list[tuple[int, str]] = []
        self.unanswered: tuple[int, str] | None = None
        self.frames = 0

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            f"{self._api}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-CSRF-Token": self._csrf},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def sign_in(self) -> None:
        self._csrf = self.ask("GET", "/session")["csrf"]

    def begin(self) -> None:
        new = {"sample_id": "S-1", "target": None}
        self.count_id = self.ask("POST", "/count", new)["count_id"]

    def status(self) -> Any:
        return self.ask("GET", "/status")

    def cells(self) -> dict[int, Any]:
        found = self.ask("GET", f"/samples/{self.count_id}/cells")
        return {cell["cell_id"]: cell for cell in found}

    def review_one(self) -> None:
        """Say a word on a cell; it counts as said once it is answered."""
        cells = self.cells()
        if not cells:
            time.sleep(0.05)
            return
        word = self._draw.choice(sorted(cells)), self._draw.choice(CLASSES).value
        self.unanswered = word
        change = {
            "action": "reclassify",
            "cell_ids": [word[0]],
            "class_name": word[1],
            "seen": [cells[word[0]]["digest"]],
        }
        self.ask("POST", f"/samples/{self.count_id}/review", change)
        self.said.append(word)
        self.unanswered = None

    def note_frames(self) -> None:
        """Remember how many frames the station has shown."""
        with urllib.request.urlopen(f"{self._api}/live", timeout=60) as stream:
            for line in stream:
                if line.startswith(b"data:") and b'"frames":' in line:
                    shown = json.loads(line[5:])
                    self.frames = max(self.frames, shown["frames"])
                    return


def require_all_said(station: Station, operator: Operator) -> None:
    """What was answered is in the trail, in order; one word more may be."""
    check = station.check()
    assert (check.first_broken, check.unchecked) == (None, 0)
    kept = [
        (entry.detail["cell_id"], entry.detail["class_name"])
        for entry in station.audit.entries(operator.count_id, limit=10**6)
        if entry.action == "cell_reclassified"
    ]
    if len(kept) == len(operator.said) + 1 and kept[-1] == operator.unanswered:
        operator.said.append(operator.unanswered)
    assert kept == operator.said
    standing = station.words.standing(operator.count_id)
    assert {cell_id: words[-1].class_name for cell_id, words in standing.items()} == (
        {cell_id: CellClass(name) for cell_id, name in operator.said}
    )
    operator.unanswered = None


def wait_for(operator: Operator, *states: str) -> None:
    until = time.monotonic() + 180
    while operator.status()["state"] not in states:
        assert time.monotonic() < until, operator.status()
        time.sleep(0.1)


def require_same_cells(
    found: tuple[ReviewedCell, ...], wanted: tuple[ReviewedCell, ...]
) -> None:
    """The same cells in the same places.

    Their classes need not all be the same: what the slide's stain looks like is learned
    anew by a count that is resumed, and with it the probabilities move a little.
    """
    places = [(cell.cell_id, cell.frame, cell.box_xyxy) for cell in wanted]
    assert [(cell.cell_id, cell.frame, cell.box_xyxy) for cell in found] == places
    pairs = zip(found, wanted, strict=True)
    same = [one.model_class is other.model_class for one, other in pairs]
    assert sum(same) >= 0.95 * len(wanted)


@pytest.mark.slow
def test_killed_at_any_time_session_reviews_and_trail_are_whole(
    tmp_path: Path,
) -> None:
    draw = random.Random(8)
    process = StationProcess(SOURCE, tmp_path / "data", {})
    operator = Operator(process.address, draw)
    for turn in range(KILLS):
        with process:
            operator.sign_in()
            if turn == 0:
                operator.begin()
            elif operator.status()["state"] == "fault":
                assert operator.status()["fault"]["code"] == "broke_off"
                assert operator.status()["count_id"] == operator.count_id
                operator.ask("POST", "/count/resume")
            # The power goes while a request is on its way as likely as not.
            cut = threading.Timer(draw.uniform(0.0, 3.0), process.kill)
            cut.start()
            with contextlib.suppress(OSError, HTTPException):
                operator.note_frames()
                while True:
                    operator.review_one()
            cut.join()
        with Station.open(tmp_path / "data") as station:
            require_all_said(station, operator)
            assert station.samples.get(operator.count_id).sample_id == "S-1"
    with process:
        operator.sign_in()
        if operator.status()["state"] == "fault":
            operator.ask("POST", "/count/resume")
        wait_for(operator, "idle")
        cells = operator.cells()
        for cell_id, name in dict(operator.said).items():
            if cell_id in cells:
                assert cells[cell_id]["person_class"] == name
        still_open = [n for n, cell in cells.items() if is_open(cell)]
        if still_open:
            change = {
                "action": "reclassify",
                "cell_ids": still_open,
                "class_name": "lymphocyte",
                "seen": [cells[n]["digest"] for n in still_open],
            }
            operator.ask("POST", f"/samples/{operator.count_id}/review", change)
        path = f"/samples/{operator.count_id}"
        wanted = {"seen": operator.ask("GET", path)["digest"]}
        signed = operator.ask("POST", f"{path}/sign", wanted)
        process.kill()
    with Station.open(tmp_path / "data") as station:
        report = station.reports.get(operator.count_id)
        assert report.sample.state is SampleState.SIGNED
        assert report.signature is not None
        assert report.signature.content_sha256 == signed["signature"]["content_sha256"]
        assert station.check().is_whole
        assert report.frames >= operator.frames
        broken = station.samples.model_cells(operator.count_id)
    require_same_cells(broken, unbroken(tmp_path / "unbroken"))


def is_open(cell: dict[str, Any]) -> bool:
    return ReviewedCell.model_validate(cell, strict=False).is_open


def unbroken(data: Path) -> tuple[ReviewedCell, ...]:
    """The cells of the same slide counted without a fault."""
    with StationProcess(SOURCE, data, {}) as process:
        operator = Operator(process.address, random.Random(0))
        operator.sign_in()
        operator.begin()
        wait_for(operator, "idle")
    with Station.open(data) as station:
        return station.samples.model_cells(operator.count_id)
