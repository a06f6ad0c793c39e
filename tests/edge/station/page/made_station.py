"""A station for the page alone: answers the browser's requests with made data."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import cv2
import numpy as np
from playwright.sync_api import Page, Request, Route

import edge.station
from edge.differential import differential_count
from hemalens.classes import CLASS_NAMES

PAGE: Final = Path(edge.station.__file__).parent / "page"
ADDRESS: Final = "http://station.test"
COUNT_ID: Final = "a" * 32
PASSWORD: Final = "correct horse"
KINDS: Final = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
POLICY: Final = "default-src 'self'; img-src 'self' blob: data:"
Json = dict[str, Any]


def made_cells(count: int, uncertain: int) -> list[Json]:
    """Draw up cells, the first ones uncertain."""
    return [
        {
            "cell_id": number,
            "frame": "demo-0001",
            "box_xyxy": [20 + number % 40 * 10, 20, 120 + number % 40 * 10, 120],
            "model_class": CLASS_NAMES[number % len(CLASS_NAMES)],
            "model_probability": 0.4 if number < uncertain else 0.98,
            "is_uncertain": number < uncertain,
            "person_class": None,
            "is_removed": False,
            "reviewed_by": None,
            "reviewed_at": None,
            "place": 0,
            "position_um": [1.0, 2.0],
        }
        for number in range(count)
    ]


class MadeStation:
    """Answers for one count; `page` is routed to it."""

    def __init__(self, page: Page, cells: list[Json]) -> None:
        self.cells = cells
        self.state = "idle"
        self.calls: list[tuple[str, str, Json | None]] = []
        self.signature: Json | None = None
        page.route(f"{ADDRESS}/**", self._answer)

    def cell(self, cell_id: int) -> Json:
        return next(cell for cell in self.cells if cell["cell_id"] == cell_id)

    def _answer(self, route: Route) -> None:
        request = route.request
        path = urlsplit(request.url).path
        if not path.startswith("/api/1/"):
            self._answer_file(route, path)
        elif path.endswith(("/crop", "/picture")) or "/fields/" in path:
            route.fulfill(body=_picture(), content_type="image/png")
        elif path == "/api/1/live":
            route.fulfill(body=self._events(), content_type="text/event-stream")
        else:
            self._answer_json(route, request, path.removeprefix("/api/1"))

    def _answer_file(self, route: Route, path: str) -> None:
        file = PAGE / (path.lstrip("/") or "index.html")
        route.fulfill(
            body=file.read_bytes(),
            content_type=KINDS[file.suffix],
            headers={"Content-Security-Policy": POLICY},
        )

    def _answer_json(self, route: Route, request: Request, path: str) -> None:
        body = request.post_data_json if request.post_data else None
        self.calls.append((request.method, path, body))
        said = self._said(request.method, path, body)
        refused = isinstance(said, dict) and "error" in said
        route.fulfill(status=403 if refused else 200, json=said)

    def _said(self, method: str, path: str, body: Json | None) -> Any:
        if path == "/session":
            account = {"name": "anna", "full_name": "Anna", "role": "operator"}
            return {"account": account, "csrf": "token"}
        if path == "/status":
            return {
                "laboratory": "North",
                "population": "newborn",
                "controller": "anna",
            }
        if path == "/samples":
            return [self._sample()]
        if path == "/controls":
            return {"located": [], "charts": []}
        if path.startswith("/count"):
            return self._steered(path)
        return self._said_of_sample(path, body)

    def _steered(self, path: str) -> Json:
        states = {"/count/pause": "paused", "/count/finish": "idle"}
        self.state = states.get(path, "counting")
        return {}

    def _said_of_sample(self, path: str, body: Json | None) -> Any:
        if path.endswith("/cells"):
            return self.cells
        if path.endswith("/review") and body is not None:
            return {"cells": self._reviewed(body), "differential": self._differential()}
        if path.endswith("/sign") and body is not None:
            return self._signed(body)
        return self._report()

    def _reviewed(self, body: Json) -> list[Json]:
        if body["action"] == "add":
            added = {**made_cells(1, 0)[0], "cell_id": -1, "model_class": None}
            self.cells.append({**added, "person_class": body["class_name"]})
            return [self.cells[-1]]
        changed = [self.cell(cell_id) for cell_id in body["cell_ids"]]
        for cell in changed:
            cell["person_class"] = body.get("class_name")
            cell["is_removed"] = body["action"] == "remove"
        return changed

    def _signed(self, body: Json) -> Json:
        if body["password"] != PASSWORD:
            return {"error": "This is another password.", "mend": "Type it again."}
        self.signature = {
            "person": "anna",
            "full_name": "Anna",
            "at": "2026-11-25T12:00:00Z",
            "content_sha256": "0" * 64,
        }
        return self._report()

    def _sample(self) -> Json:
        return {
            "sample_id": "S-1",
            "count_id": COUNT_ID,
            "operator": "anna",
            "state": "signed" if self.signature else "review",
            "is_control": False,
            "started_at": "2026-11-25T11:00:00Z",
            "signed_at": None,
            "signed_by": None,
        }

    def _report(self) -> Json:
        return {
            "sample": self._sample(),
            "differential": self._differential(),
            "model": {"name": "cnn", "version": "1.0.0"},
            "pixel_size_um": 0.1,
            "signature": self.signature,
        }

    def _differential(self) -> Json:
        settled = [cell for cell in self.cells if _final(cell) is not None]
        names = [_final(cell) for cell in settled]
        counts = {name: names.count(name) for name in CLASS_NAMES}
        found = differential_count(counts)
        gone = sum(cell["is_removed"] for cell in self.cells)
        return {
            "leukocytes": found.leukocytes,
            "shares": [
                {
                    "class_name": name,
                    "count": counts[name],
                    "percent": found.percent.get(name),
                    "ci95_percent": found.ci95_percent.get(name),
                    "reference_percent": [40, 80] if name == "neutrophil" else None,
                    "flag": "low" if name == "neutrophil" else None,
                }
                for name in CLASS_NAMES
            ],
            "nrbc_per_100_wbc": found.nrbc_per_100_wbc,
            "platelets_per_field": 2.5,
            "open_cells": len(self.cells) - len(settled) - gone,
            "agreement_percent": None,
            "changed_cells": 0,
            "removed_cells": gone,
            "added_cells": 0,
        }

    def _events(self) -> str:
        progress = {
            "state": self.state,
            "count_id": COUNT_ID,
            "frames": 9,
            "left_out": {},
            "target": 100,
            "leukocytes": 42,
            "uncertain": 3,
            "nrbc": 1,
            "platelets": 5,
            "red_cells": 900,
            "differential": self._differential(),
            "frames_per_second": 4.0,
            "focus": {"sharpness": 0.7, "word": "sharp"},
            "exposure": {"word": "good"},
            "fault": None,
            "slide_doubts": [],
        }
        # The browser asks again 200 ms after the stream ends: a feed made of pieces.
        return f"retry: 200\nevent: progress\ndata: {json.dumps(progress)}\n\n"


def _final(cell: Json) -> str | None:
    if cell["is_removed"]:
        return None
    if cell["person_class"]:
        return str(cell["person_class"])
    return None if cell["is_uncertain"] else cell["model_class"]


def _picture() -> bytes:
    image = np.full((480, 640, 3), 200, np.uint8)
    return bytes(cv2.imencode(".png", image)[1])
