import json

import pytest
from pydantic import ValidationError

from edge.device.fleet_settings import FleetSettings
from edge.fleet.errors import FleetError
from edge.fleet.messages import (
    DesiredModel,
    PresenceMessage,
    Receipt,
    Sent,
    read_message,
)
from edge.fleet.results import SENT
from edge.fleet.topics import Kind, Topics
from edge.records.counts import Counts, Rates
from edge.records.summary import Summary

WISH = {
    "schema_version": "1.0",
    "at": "2026-05-01T12:00:00Z",
    "name": "cnn",
    "version": "1.2.0",
    "sha256": "0" * 64,
}


def test_newer_minor_version_is_read_without_what_is_new() -> None:
    content = json.dumps({**WISH, "schema_version": "1.7", "canary": True}).encode()
    assert read_message(DesiredModel, content).version == "1.2.0"


def test_newer_major_version_is_refused() -> None:
    content = json.dumps({**WISH, "schema_version": "2.0"}).encode()
    with pytest.raises(FleetError, match="update the older one"):
        read_message(DesiredModel, content)


@pytest.mark.parametrize(
    "changed",
    [
        {"url": "file:///etc/shadow"},
        {"sha256": "../../etc"},
        {"version": "newest"},
        {"schema_version": "one"},
    ],
)
def test_wish_that_cannot_be_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(FleetError, match=next(iter(changed))):
        read_message(DesiredModel, json.dumps({**WISH, **changed}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}"])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    for kind in (Receipt, Sent):
        with pytest.raises(FleetError):
            read_message(kind, content)


def test_nothing_unknown_is_sent() -> None:
    with pytest.raises(ValidationError):
        PresenceMessage.model_validate({"device": "a", "online": True, "patient": "b"})


def test_what_is_sent_of_a_summary_is_in_it_and_free_of_sentences() -> None:
    parts = (Summary, Counts, Rates)
    assert set(SENT) <= {name for part in parts for name in part.model_fields}
    assert "warnings" not in SENT


@pytest.mark.parametrize(
    "broker",
    [
        "http://broker",
        "mqtts://user:password@broker",
        "mqtts://",
        "mqtts://broker:port",
        "mqtts://broker/path",
    ],
)
def test_broker_that_cannot_be_is_refused(broker: str) -> None:
    with pytest.raises(ValidationError):
        FleetSettings(broker=broker)


@pytest.mark.parametrize("name", ["a/b", "+", "#", "", "a b"])
def test_device_name_that_is_no_level_of_a_topic_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        FleetSettings(broker="mqtts://broker", device=name)


def test_topics_are_read_as_they_are_written() -> None:
    topics = Topics(prefix="lab")
    for kind in Kind:
        topic = topics.sent("bench-1", kind)
        assert topic == f"lab/1/device/bench-1/{kind}"
        assert topics.read_sent(topic) == ("bench-1", kind)
    assert topics.read_sent("lab/1/device/bench-1/receipt") is None
    assert topics.read_sent("other/1/device/bench-1/result") is None
