"""Tell devices which model to run."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge.fleet.broker_link import BrokerLink, Connected, Lost, Published
from edge.fleet.errors import FleetError
from edge.fleet.messages import SCHEMA_VERSION, Activation, DesiredModel
from hemalens.bundle import read_bundle
from hemalens.errors import ConfigError
from hemalens.validation_message import validation_message

_PATIENCE_S: Final = 15.0


def desired_model_for(
    path: Path, url: str | None, activation: Activation
) -> DesiredModel:
    """Make the wish for a bundle.

    Raises
    ------
    BundleError
        When it is none.
    ConfigError
        When the address is none.
    """
    bundle = read_bundle(path)
    try:
        return DesiredModel(
            schema_version=SCHEMA_VERSION,
            at=datetime.now(UTC),
            name=bundle.manifest.name,
            version=bundle.manifest.version,
            sha256=bundle.sha256,
            url=url,
            activation=activation,
        )
    except ValidationError as error:
        raise ConfigError(
            f"this wish cannot be: {validation_message(error)}"
        ) from error


def request_model(link: BrokerLink, topic: str, wish: DesiredModel) -> None:
    """Have the broker keep a wish; returns when it has it.

    Raises
    ------
    FleetError
        When it does not let us in, or does not take it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while (left_s := deadline - time.monotonic()) > 0:
        for event in link.events(left_s):
            if isinstance(event, Connected):
                link.publish(topic, wish.model_dump_json().encode(), retain=True)
            elif isinstance(event, Lost):
                raise FleetError(f"the broker ended the connection: {event.reason}")
            elif isinstance(event, Published):
                if event.refusal is not None:
                    raise FleetError(
                        f"the broker refuses {topic}: {event.refusal}; its access "
                        "rules must let this user publish there"
                    )
                return
    raise FleetError(f"the broker gave no answer in {_PATIENCE_S:g} s: try again")
