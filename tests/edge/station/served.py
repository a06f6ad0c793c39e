"""A station served in this process, on a small simulated slide."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi.testclient import TestClient

from edge.records.population import Population
from edge.station.app import make_app
from edge.station.routes.authorization import Context
from edge.station.server import opened
from edge.station.settings import StationSettings
from edge.station.station import Station
from hemalens.passwords import PasswordHasher

SOURCE = "demo:frames=3,width_px=480,height_px=360,seed=3"
QUICK = PasswordHasher(memory_kib=8, passes=1, lanes=1)
API = "/api/1"


@contextmanager
def served(
    data: Path,
    *people: tuple[str, str],
    source: str = SOURCE,
    population: Population = Population.UNRESTRICTED,
) -> Iterator[tuple[TestClient, Context]]:
    """A client of a station with these people, each a name and a role."""
    from edge.station.records import Role

    with Station.open(data, hasher=QUICK) as station:
        for name, role in people:
            station.accounts.add(name, name.title(), Role(role), password(name), "test")
        settings = StationSettings(source=source, data=data, population=population)
        with opened(settings, station) as context:
            app = make_app(context)
            yield TestClient(app, base_url="http://localhost"), context


def password(name: str) -> str:
    return f"correct horse {name}"


def sign_in(client: TestClient, name: str | None = None) -> dict[str, str]:
    """Sign in, and give the headers that unsafe requests need."""
    if name is None:
        answer = client.get(f"{API}/session")
    else:
        body = {"name": name, "password": password(name)}
        answer = client.post(f"{API}/session", json=body)
    assert answer.status_code == 200, answer.text
    return {"X-CSRF-Token": answer.json()["csrf"]}


def wait_for(client: TestClient, *states: str) -> dict[str, object]:
    """Wait until the station is in one of these states."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        status: dict[str, object] = client.get(f"{API}/status").json()
        if status["state"] in states:
            return status
        time.sleep(0.05)
    raise AssertionError(f"still {status}")


def seen(client: TestClient, path: str, cell_ids: list[int]) -> list[str]:
    """Look at cells of the sample at `path`: what a change of them carries."""
    found = {
        one["cell_id"]: one["digest"] for one in client.get(f"{path}/cells").json()
    }
    return [found[cell_id] for cell_id in cell_ids]


def read(client: TestClient, path: str) -> str:
    """Read the report of the sample at `path`: what its signature carries."""
    digest: str = client.get(path).json()["digest"]
    return digest
