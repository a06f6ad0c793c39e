"""A station for the page alone: answers the browser's requests with made data."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import cv2
import numpy as np
from playwright.sync_api import Page, Request, Route, expect

import edge.station
from edge.results.differential import differential_count
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
REFERENCES: Final = {"neutrophil": [40, 80], "ig": [0, 0.9]}
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
    """Answers for one count; `page` is routed to it.

    Parameters
    ----------
    page : Page
    cells : list
        Of the count.
    role : str
        Of whoever looks at it.
    needs_password : bool
        Whether the station has accounts.
    """

    def __init__(
        self,
        page: Page,
        cells: list[Json],
        role: str = "operator",
        *,
        needs_password: bool = True,
    ) -> None:
        self.cells = cells
        self.role = role
        self.needs_password = needs_password
        self.operator = "anna"
        self.amendment: Json | None = None
        self.fault: Json | None = None
        self.accounts = [
            _account("anna", role),
            _account("ben", "operator"),
            {**_account("carl", "operator"), "is_disabled": True},
        ]
        self.state = "idle"
        self.revision = 0
        self.is_heard = True
        self.refusals: list[Json] = []
        """Given in place of the next answers to what changes something."""
        self.leukocytes: int | None = None
        self.minimum_probability: float | None = 0.9
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
        if self.refusals and request.method != "GET":
            refusal = self.refusals.pop(0)
            route.fulfill(status=refusal.pop("status", 403), json=refusal)
            return
        self.calls.append((request.method, path, body))
        said = self._said(request.method, path, body)
        refused = isinstance(said, dict) and "error" in said
        route.fulfill(status=403 if refused else 200, json=said)

    def _said(self, method: str, path: str, body: Json | None) -> Any:
        if path == "/session":
            if not self.role:
                return {"error": "UnattendedOperator is signed in.", "mend": "Sign in."}
            return {
                "account": _account("anna", self.role),
                "csrf": "token",
                "needs_password": self.needs_password,
            }
        if path == "/status":
            return {
                "laboratory": "North",
                "population": "newborn",
                "controller": "anna",
            }
        if path == "/samples":
            return [self._sample()]
        if path == "/controls":
            return made_controls()
        if path.startswith("/count"):
            return self._steered(path)
        if path.startswith(("/outbox", "/audit", "/accounts")):
            return self._kept(path, body)
        return self._said_of_sample(path, body)

    def _steered(self, path: str) -> Json:
        states = {"pause": "paused", "finish": "idle", "discard": "idle"}
        self.state = states.get(path.rpartition("/")[2], "counting")
        return {}

    def _kept(self, path: str, body: Json | None) -> Any:
        if path == "/outbox":
            return {"is_delivering": True, "entries": made_messages()}
        if path == "/audit":
            return made_audit()
        if path == "/audit/check":
            return {
                "lines": 3,
                "first_broken": 2,
                "unchecked": 0,
                "unproven": 0,
                "last_digest": "0" * 64,
                "noted_line": None,
                "differences": [],
                "has_more_differences": False,
            }
        if path == "/accounts" and body is not None:
            self.accounts.append({**body, "is_disabled": False})
        elif path.startswith("/accounts/"):
            _, _, name, what = path.split("/")
            self._change_account(name, what, body)
        return self.accounts if path == "/accounts" else {}

    def _change_account(self, name: str, what: str, body: Json | None) -> None:
        account = next(one for one in self.accounts if one["name"] == name)
        if what == "role" and body is not None:
            account["role"] = body["role"]
        elif what in {"lock", "unlock"}:
            account["is_disabled"] = what == "lock"

    def _said_of_sample(self, path: str, body: Json | None) -> Any:
        if path.endswith("/cells"):
            return [{**cell, "digest": _digest(cell)} for cell in self.cells]
        if path.endswith("/review") and body is not None:
            ids = body["cell_ids"]
            if body["seen"] != [_digest(self.cell(cell_id)) for cell_id in ids]:
                return self._conflict(self.cell(ids[0]))
            cells = [{**one, "digest": _digest(one)} for one in self._reviewed(body)]
            return {"cells": cells, "differential": self._differential()}
        if path.endswith("/sign") and body is not None:
            return self._signed(body)
        if path.endswith("/amend") and body is not None:
            self.amendment = {
                "number": 1,
                "reason": body["reason"],
                "by": "anna",
                "origin": COUNT_ID,
                "former_count_id": COUNT_ID,
                "former_signed_by": "anna",
                "former_signed_at": "2026-11-25T12:00:00Z",
                "former_content_sha256": "0" * 64,
            }
            self.signature = None
            return {**self._sample(), "count_id": "b" * 32}
        return self._report()

    @staticmethod
    def _conflict(cell: Json) -> Json:
        return {
            "error": "The cell changed.",
            "mend": "Look again.",
            "code": "cell_changed",
            "values": {
                "cell": cell["cell_id"],
                "person": cell["reviewed_by"],
                "theirs": _final(cell) or "uncertain",
            },
        }

    def say(self, cell_id: int, person: str, class_name: str) -> None:
        """Let somebody else give a cell a class; viewers hear of it by themselves."""
        self.cell(cell_id).update(person_class=class_name, reviewed_by=person)
        self.revision += 1

    def _reviewed(self, body: Json) -> list[Json]:
        if body["action"] == "add":
            added = {**made_cells(1, 0)[0], "cell_id": -1, "model_class": None}
            self.cells.append({**added, "person_class": body["class_name"]})
            return [self.cells[-1]]
        changed = [self.cell(cell_id) for cell_id in body["cell_ids"]]
        for cell in changed:
            cell["person_class"] = body.get("class_name")
            cell["is_removed"] = body["action"] == "remove"
            cell["reviewed_by"] = "anna"
        return changed

    def _signed(self, body: Json) -> Json:
        if self.needs_password and body["password"] != PASSWORD:
            return {
                "error": "The password is wrong.",
                "mend": "Type it again.",
                "code": "wrong_password",
                "values": {},
            }
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
            "operator": self.operator,
            "state": "signed" if self.signature else "review",
            "is_control": False,
            "target": 100,
            "started_at": "2026-11-25T11:00:00Z",
            "signed_at": None,
            "signed_by": None,
            "amends": None,
            "superseded_by": None,
        }

    def _report(self) -> Json:
        return {
            "sample": self._sample(),
            "differential": self._differential(),
            "model": {"name": "cnn", "version": "1.0.0"},
            "pixel_size_um": 0.1,
            "signature": self.signature,
            "amendment": self.amendment,
            "minimum_probability": self.minimum_probability,
            "digest": str(self.revision),
        }

    def _differential(self) -> Json:
        settled = [cell for cell in self.cells if _final(cell) is not None]
        names = [_final(cell) for cell in settled]
        counts = {name: names.count(name) for name in CLASS_NAMES}
        found = differential_count(counts)
        leukocytes = self.leukocytes or found.leukocytes
        gone = sum(cell["is_removed"] for cell in self.cells)
        return {
            "leukocytes": leukocytes,
            "shares": [
                {
                    "class_name": name,
                    "count": counts[name],
                    "percent": found.percent.get(name),
                    "ci95_percent": found.ci95_percent.get(name),
                    "reference_percent": REFERENCES.get(name),
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
            "revision": self.revision if self.is_heard else 0,
            "state": self.state,
            "count_id": COUNT_ID,
            "frames": 9,
            "left_out": {},
            "target": 100,
            "leukocytes": self.leukocytes or 40,
            "uncertain": 3,
            "nrbc": 1,
            "platelets": 5,
            "red_cells": 900,
            "differential": self._differential(),
            "frames_per_second": 4.0,
            "focus": {"sharpness": 0.7, "word": "sharp"},
            "exposure": {"word": "good"},
            "fault": self.fault,
            "slide_doubts": [],
        }
        # The browser asks again 200 ms after the stream ends: a feed made of pieces.
        return f"retry: 200\nevent: progress\ndata: {json.dumps(progress)}\n\n"


def _digest(cell: Json) -> str:
    return str(hash((cell["person_class"], cell["is_removed"], cell["reviewed_by"])))


def open_review(
    page: Page, *, cells: int = 40, uncertain: int = 3, role: str = "operator"
) -> MadeStation:
    """Show the review of a made count."""
    station = MadeStation(page, made_cells(cells, uncertain), role)
    page.goto(f"{ADDRESS}/#review/{COUNT_ID}")
    expect(page.locator(".tile").first).to_be_visible()
    return station


def made_controls() -> Json:
    """Draw up a fortnight's checks, the last control two deviations off."""
    values = [58, 60, 61, 59, 60, 62, 58, 60, 59, 61, 60, 59, 61, 66]
    days = [f"2026-11-{day:02}T08:00:00Z" for day in range(10, 24)]
    return {
        "located": [
            {
                "count_id": COUNT_ID,
                "at": day,
                "person": "anna",
                "found": 198,
                "missed": 2,
                "located_percent": 99.0 - place % 3,
            }
            for place, day in enumerate(days)
        ],
        "charts": [
            {
                "sample_id": "CTRL-1",
                "class_name": "neutrophil",
                "points": [
                    {
                        "count_id": COUNT_ID,
                        "at": day,
                        "percent": value,
                        "deviations": 0,
                    }
                    for day, value in zip(days, values, strict=True)
                ],
                "mean_percent": 60.0,
                "sd_percent": 2.0,
            }
        ],
    }


def made_messages() -> list[Json]:
    """Draw up a message of each state."""
    answers = {"waiting": "not reached", "accepted": "", "rejected": "unknown sample"}
    return [
        {
            "message_id": state,
            "count_id": COUNT_ID,
            "sample_id": f"S-{number}",
            "state": state,
            "queued_at": "2026-11-25T12:00:00Z",
            "attempts": number,
            "next_at": None,
            "answer": answer,
        }
        for number, (state, answer) in enumerate(answers.items())
    ]


def made_audit() -> list[Json]:
    """Draw up a trail."""
    detail = {"cell_id": 7, "class_name": "monocyte"}
    actions = {"signed": {}, "cell_reclassified": detail, "unheard_of": {"x": True}}
    return [
        {
            "number": 3 - place,
            "at": "2026-11-25T12:00:00Z",
            "person": "anna",
            "action": action,
            "count_id": COUNT_ID,
            "detail": said,
            "digest": "0" * 64,
            "key_id": None,
            "seal": None,
        }
        for place, (action, said) in enumerate(actions.items())
    ]


def _account(name: str, role: str) -> Json:
    return {
        "name": name,
        "full_name": name.title(),
        "role": role,
        "is_disabled": False,
    }


def _final(cell: Json) -> str | None:
    if cell["is_removed"]:
        return None
    if cell["person_class"]:
        return str(cell["person_class"])
    return None if cell["is_uncertain"] else cell["model_class"]


def _picture() -> bytes:
    image = np.full((480, 640, 3), 200, np.uint8)
    return bytes(cv2.imencode(".png", image)[1])
