"""The API against its own description, with requests that nobody thought of."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import format_exception
from typing import Final

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from edge.station.routes.authorization import COOKIE, Context, csrf_of
from edge.station.security.limits import SignInLimit
from tests.edge.station.made_station import finished
from tests.edge.station.served import API, served, sign_in, wait_for

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed"
)
from schemathesis.specs.openapi.checks import negative_data_rejection  # noqa: E402

pytestmark = pytest.mark.slow

EXAMPLES: Final = 15
PATIENCE_S: Final = 300
"""Of a busy machine, too."""
PEOPLE: Final = (("ann", "operator"), ("sue", "supervisor"), ("tom", "service"))
WITHOUT_SESSIONS: Final = schemathesis.Config.from_dict(
    {"generation": {"with-security-parameters": False}}
)
"""Each request has a session of its own."""
ENDLESS: Final = f"{API}/live"
"""A stream; `tests/edge/station/live/test_controller.py` follows it."""


class Caller:
    """Sends made requests as somebody, half of them about what is there.

    Parameters
    ----------
    context : Context
    name : str
        Whose session each request has.
    there : dict
        What is there, by a path's parameter or a body's key.
    address : str
    """

    def __init__(
        self, context: Context, name: str, there: dict[str, list[object]], address: str
    ) -> None:
        self.context = context
        self.name = name
        self.there = there
        self.address = address
        self.statuses: Counter[int] = Counter()

    def __call__(self, case: "schemathesis.Case") -> None:
        turn = self.statuses.total()
        is_mended = turn % 2 == 1 and self._mend(case, turn // 2)
        # What was made wrong on purpose may now be right.
        excluded = [negative_data_rejection] if is_mended else []
        answer = case.call_and_validate(
            excluded_checks=excluded, timeout=PATIENCE_S, **self._session()
        )
        self.statuses[answer.status_code] += 1

    def _mend(self, case: "schemathesis.Case", turn: int) -> bool:
        """Put what is there into a request; say whether anything of it fits."""
        body = case.body if isinstance(case.body, dict) else {}
        is_mended = False
        for part in (case.path_parameters or {}, body):
            for name in part.keys() & self.there.keys():
                known = self.there[name]
                part[name] = known[turn % len(known)]
                is_mended = True
        return is_mended

    def _session(self) -> dict[str, dict[str, str]]:
        """A session of its own for each request: some of them end it."""
        accounts = self.context.station.accounts
        account = accounts.get(self.name)
        assert account is not None
        token = accounts.begin(account)
        csrf = csrf_of(self.context, token)
        return {"headers": {"X-CSRF-Token": csrf}, "cookies": {COOKIE: token}}


@pytest.fixture(scope="module", params=[name for name, _ in PEOPLE])
def caller(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Caller]:
    data = tmp_path_factory.mktemp("station") / "data"
    with served(data, *PEOPLE, ("eva", "operator")) as (client, context):
        # Passwords are tried without end, so that what comes after is reached.
        context.sign_ins.begin = SignInLimit().wait_s
        there = what_is_there(client, context)
        with listening(client.app) as address:
            yield Caller(context, request.param, there, address)


def what_is_there(client: TestClient, context: Context) -> dict[str, list[object]]:
    """A count with its pictures, one without, a message, people."""
    headers = sign_in(client, "ann")
    new = {"sample_id": "S-1", "target": None}
    count_id = client.post(f"{API}/count", json=new, headers=headers).json()["count_id"]
    wait_for(client, "idle")
    cells = client.get(f"{API}/samples/{count_id}/cells").json()
    sent = client.post(
        f"{API}/samples/{count_id}/send", json={"is_provisional": True}, headers=headers
    ).json()
    return {
        "count_id": [count_id, finished(context.station)],
        "cell_id": [cells[0]["cell_id"]],
        "cell_ids": [[cells[0]["cell_id"]]],
        "frame": [cells[0]["frame"]],
        "message_id": [sent["message_id"]],
        "name": ["eva", "tom"],
    }


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listens:
        config = uvicorn.Config(app, access_log=False, log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listens]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listens.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_no_request_finds_the_station_at_fault(
    caller: Caller, mode: "schemathesis.GenerationMode"
) -> None:
    schema = schemathesis.openapi.from_url(
        f"{caller.address}/openapi.json", config=WITHOUT_SESSIONS
    )
    found = schema.exclude(path=ENDLESS).get_all_operations()
    # What takes things away comes last.
    operations = sorted((one.ok() for one in found), key=is_delete)
    failures = []
    caller.statuses.clear()
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: "schemathesis.Case") -> None:
            caller(case)

        try:
            ask()
        except Unsatisfiable:
            # Nothing can be wrong about a request that carries nothing.
            assert mode is schemathesis.GenerationMode.NEGATIVE
        except BaseExceptionGroup as error:
            failures.append("".join(format_exception(error)))
    print(
        f"{caller.name}, {mode.value}: {len(operations)} operations, "
        f"{caller.statuses.total()} requests, answers {dict(caller.statuses)}"
    )
    assert not failures, "\n\n".join(failures)
    assert caller.statuses.total() > 5 * len(operations)


def is_delete(operation: "schemathesis.APIOperation") -> bool:
    return bool(operation.method.upper() == "DELETE")
