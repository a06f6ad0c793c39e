"""``hemalens device fleet``: results to a broker, the desired model from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)

_settings = click.option(
    "--settings",
    type=click.Path(path_type=Path),
    default=Path("/etc/hemalens/device.json"),
    show_default=True,
    help="Its part 'fleet' names the broker.",
)
_state = click.option(
    "--state",
    type=_FOLDER,
    default=Path("/var/lib/hemalens"),
    show_default=True,
    help="The device's models, keys and counts.",
)
_own_state = click.option(
    "--fleet-state",
    type=_FOLDER,
    default=Path("/var/lib/hemalens-fleet"),
    show_default=True,
    help="The agent's outbox, and what it fetched.",
)
_credentials = click.option(
    "--credentials",
    type=_FOLDER,
    default=Path("/etc/hemalens/fleet"),
    show_default=True,
    help="Holds 'password' or 'key.pem', of mode 0600; 'certificate.pem', 'ca.pem'.",
)
_prefix = click.option("--topic-prefix", default="hemalens", show_default=True)


@click.group()
def fleet() -> None:
    """Bring results and health to a broker over MQTT, and hear the desired model."""


@fleet.command()
@_settings
@_state
@_own_state
@_credentials
def run(settings: Path, state: Path, fleet_state: Path, credentials: Path) -> None:
    """Send finished counts and health for as long as it runs; nothing is lost.

    Sends figures alone, and neither a source's nor a sample's name unless device.json
    says so. What docs/fleet.md says of topics and messages holds.
    """
    from edge.device.device_settings import read_device_settings
    from edge.device.fleet_credentials import read_credentials
    from edge.fleet.agent import Agent
    from edge.fleet.health import Surroundings
    from hemalens.errors import ConfigError

    own = read_device_settings(settings).fleet
    if own is None:
        raise ConfigError(f"{settings} names no broker: give it a part 'fleet'")
    where = Surroundings(state=state, settings=settings)
    known = read_credentials(credentials)
    agent = Agent(own, known, where=where, state=fleet_state, say=click.echo)
    with _until_told() as goes_on, agent:
        while goes_on():
            agent.turn()


@fleet.command()
@_state
@_own_state
@click.option("--json", "as_json", is_flag=True, help="Print it for a machine.")
def status(state: Path, fleet_state: Path, as_json: bool) -> None:
    """Show whether it is connected, what waits, and the desired and present model."""
    from edge.fleet.status import fleet_status, status_lines
    from edge.update.current import ModelRoot
    from edge.update.errors import read_errors

    with read_errors(state):
        found = fleet_status(ModelRoot(state), fleet_state)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    for line in status_lines(found):
        click.echo(line)


@fleet.command()
@_state
@_own_state
def apply(state: Path, fleet_state: Path) -> None:
    """Install the model that the agent fetched, if it did, as 'device update' does.

    The system runs this by itself when a bundle is there.
    """
    from edge.fleet.agent import HANDED
    from edge.fleet.apply import apply_wish
    from edge.update.current import ModelRoot

    outcome = apply_wish(ModelRoot(state), fleet_state / HANDED)
    if outcome is None:
        click.echo("Nothing was handed over.")
        return
    click.echo(f"{'installed' if outcome.installed else 'refused'}: {outcome.detail}")


@fleet.command()
@click.option("--broker", required=True, help="mqtts://USER@HOST:8883")
@click.option(
    "--database", required=True, help="postgresql://…; a password from PGPASSFILE."
)
@_credentials
@_prefix
@click.option(
    "--name",
    default="hemalens-collector",
    show_default=True,
    help="The broker keeps what comes while this one is away by its name.",
)
def collect(
    broker: str, database: str, credentials: Path, topic_prefix: str, name: str
) -> None:
    """Collect what devices send into PostgreSQL, each message once.

    A small reference: the extra 'collector' installs what it needs.
    """
    from edge.device.fleet_credentials import read_credentials
    from edge.fleet.broker_link import Party, require_broker
    from edge.fleet.collector import Collector
    from edge.fleet.connection import Connection
    from edge.fleet.database import Database
    from edge.fleet.mqtt_link import MqttLink
    from edge.fleet.topics import Topics

    party = Party(
        broker=require_broker(broker),
        credentials=read_credentials(credentials),
        client_id=name,
        keep_session=True,
    )
    topics = Topics(prefix=topic_prefix)
    connection = Connection(lambda: MqttLink(party), click.echo)
    with _until_told() as goes_on, connection, Database(database) as keeper:
        collector = Collector(topics, connection, keeper, click.echo)
        while goes_on():
            collector.turn()


@fleet.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--broker", required=True, help="mqtts://USER@HOST:8883")
@click.option("--device", help="One device; a group by default.")
@click.option("--group", default="all", show_default=True)
@click.option("--url", help="Where devices fetch BUNDLE; else their bundle folder.")
@click.option(
    "--at-once", is_flag=True, help="End the count under way, keeping its results."
)
@_credentials
@_prefix
def want(
    bundle: Path,
    broker: str,
    device: str | None,
    group: str,
    url: str | None,
    at_once: bool,
    credentials: Path,
    topic_prefix: str,
) -> None:
    """Tell devices to run BUNDLE; each still asks for a trusted signature.

    The broker keeps the wish for those that are away.
    """
    from edge.device.fleet_credentials import read_credentials
    from edge.fleet.broker_link import Party, require_broker
    from edge.fleet.messages import Activation
    from edge.fleet.mqtt_link import MqttLink
    from edge.fleet.request_model import desired_model_for, request_model
    from edge.fleet.topics import Topics

    topics = Topics(prefix=topic_prefix)
    topic = topics.device_model(device) if device else topics.group_model(group)
    activation = Activation.AT_ONCE if at_once else Activation.NEXT_START
    wish = desired_model_for(bundle, url, activation)
    party = Party(
        broker=require_broker(broker),
        credentials=read_credentials(credentials),
        client_id="hemalens-want",
    )
    with MqttLink(party) as link:
        request_model(link, topic, wish)
    click.echo(f"{topic} wants {wish.name} {wish.version} ({wish.sha256[:12]})")


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """Go on until SIGTERM or Ctrl-C; what is under way is ended well."""
    import signal
    import threading

    told = threading.Event()
    names = (signal.SIGTERM, signal.SIGINT)
    before = {name: signal.signal(name, lambda *_: told.set()) for name in names}
    try:
        yield lambda: not told.is_set()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
