import os

import pytest

from edge.device.service.notify import Notifier
from tests.edge.device.service.listener import Listener


def test_each_thing_is_said_as_the_protocol_has_it(systemd: Listener) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000"})
    notifier.ready()
    notifier.alive("3 frames\n\tWATCHDOG=trigger")
    notifier.stopping()
    assert systemd.said() == [
        {"READY": "1"},
        {"WATCHDOG": "1", "STATUS": "3 frames WATCHDOG=trigger"},
        {"STOPPING": "1"},
    ]
    assert notifier.watchdog_s == 60


def test_address_in_the_abstract_namespace_is_reached() -> None:
    listener = Listener(f"@hemalens-test-{os.getpid()}")
    Notifier({"NOTIFY_SOCKET": listener.address}).ready()
    assert listener.said() == [{"READY": "1"}]
    listener.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
def test_service_works_where_nobody_listens(environment: dict[str, str]) -> None:
    notifier = Notifier(environment)
    notifier.ready()
    notifier.alive("1 frame")
    assert notifier.watchdog_s == 0


def test_listener_that_does_not_read_never_holds_up_a_count(systemd: Listener) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": systemd.address})
    for number in range(2_000):
        notifier.alive(f"{number} frames")
    assert 0 < len(systemd.said()) < 2_000
