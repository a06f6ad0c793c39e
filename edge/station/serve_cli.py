"""``hemalens serve`` and ``hemalens station``: the operator's station."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from edge.classify.population_option import population_option

if TYPE_CHECKING:
    from edge.station.station import Station

_DATA: Final = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("station"),
    show_default=True,
    help="Folder of all that the station keeps; for its owner alone.",
)
_ROLES: Final = ("operator", "supervisor", "service")


@click.command()
@click.argument("source")
@_DATA
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--bundle", default="mobilenetv2", show_default=True, help="As in count")
@click.option(
    "--trusted-key",
    "trusted_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="As in count: with it the station counts with no unsigned or foreign model.",
)
@population_option
@click.option(
    "--tls-certificate", type=click.Path(path_type=Path), help="PEM, with its chain."
)
@click.option("--tls-key", type=click.Path(path_type=Path), help="PEM.")
@click.option("--tls-generate", is_flag=True, help="Make a certificate of its own.")
@click.option(
    "--proxy", default="", help="Address of a proxy in front, believed on who asks."
)
@click.option("--laboratory", default="", help="Stands at the head of reports.")
@click.option("--deliver-to", default="", help="Laboratory system, HOST:PORT (MLLP).")
def serve(
    source: str,
    data: Path,
    host: str,
    port: int,
    bundle: str,
    trusted_keys: tuple[Path, ...],
    population: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_generate: bool,
    proxy: str,
    laboratory: str,
    deliver_to: str,
) -> None:
    """Serve the operator's station: live counts of SOURCE, review, sign-off, report.

    On this machine alone it asks for no password until there are accounts; off it,
    accounts and TLS are needed.
    """
    if tls_generate and (tls_certificate or tls_key):
        raise click.UsageError("give --tls-generate or a certificate, not both")
    _require_web()
    from edge.records.population import Population
    from edge.station.server import serve_station
    from edge.station.settings import StationSettings

    if tls_generate:
        from edge.station.security.tls import fingerprint, generated_certificate

        tls_certificate, tls_key = generated_certificate(data, host)
        click.echo(f"certificate SHA-256 {fingerprint(tls_certificate)}", err=True)
    settings = StationSettings(
        source=source,
        data=data,
        host=host,
        port=port,
        bundle=bundle,
        trusted_keys=trusted_keys,
        population=Population(population),
        certificate=tls_certificate,
        key=tls_key,
        proxy=proxy,
        laboratory=laboratory,
        deliver_to=deliver_to,
    )
    scheme = "https" if settings.is_tls else "http"
    address = f"{scheme}://{host}:{port}"
    serve_station(
        settings, lambda: click.echo(f"the station is at {address}", err=True)
    )


@click.group()
def station() -> None:
    """Keep the station: accounts, backups, the audit trail."""


@station.group()
def account() -> None:
    """Keep the accounts."""


@account.command("add")
@click.argument("name")
@_DATA
@click.option("--full-name", required=True, help="As it stands on reports.")
@click.option("--role", type=click.Choice(_ROLES), default="operator")
@click.password_option()
def add_account(
    name: str, data: Path, full_name: str, role: str, password: str
) -> None:
    """Add an account."""
    with _opened(data) as opened:
        from edge.station.records import Role

        opened.accounts.add(name, full_name, Role(role), password, "command line")


@account.command("password")
@click.argument("name")
@_DATA
@click.password_option()
def set_password(name: str, data: Path, password: str) -> None:
    """Set an account's new password."""
    with _opened(data) as opened:
        opened.accounts.change_password(name, password, "command line")


@account.command("disable")
@click.argument("name")
@_DATA
def disable_account(name: str, data: Path) -> None:
    """Let an account sign in no more."""
    with _opened(data) as opened:
        opened.accounts.disable(name, "command line")


@account.command("list")
@_DATA
def list_accounts(data: Path) -> None:
    """List the accounts."""
    with _opened(data) as opened:
        for one in opened.accounts.all():
            state = "  disabled" if one.is_disabled else ""
            click.echo(f"{one.name}  {one.role}  {one.full_name}{state}")


@station.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_DATA
def backup(file: Path, data: Path) -> None:
    """Write all that the station keeps to FILE."""
    with _opened(data) as opened:
        from edge.station.backup import backup as write

        write(opened, file)


@station.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_DATA
@click.option(
    "--audit-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Copy of the station's audit.key, which no backup holds.",
)
def restore(file: Path, data: Path, audit_key: Path | None) -> None:
    """Bring a backup back into an empty folder."""
    _require_web()
    from edge.station.backup import restore as read

    read(file, data, audit_key)


@station.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
@_DATA
@click.pass_context
def verify(context: click.Context, data: Path) -> None:
    """Check that no line of the trail was changed; exit 3 when one was.

    The station may go on meanwhile. Note the last digest elsewhere: it tells of lines
    cut off the end.
    """
    _require_web()
    from edge.station.audit_check import check_trail

    found = check_trail(data)
    if found.unchecked:
        click.echo(f"{found.unchecked} lines are sealed with an earlier key")
    if found.first_broken is not None:
        click.echo(f"line {found.first_broken} was changed or is missing")
        context.exit(3)
    click.echo(f"{found.lines} lines, whole; the last digest is {found.last_digest}")


@audit.command("new-key")
@_DATA
def new_key(data: Path) -> None:
    """Go on with a new key where audit.key is lost; the trail says so."""
    _require_web()
    from edge.station.audit_check import renew_key

    renew_key(data)


def _opened(data: Path) -> "Station":
    _require_web()
    from edge.station.station import Station

    return Station.open(data)


def _require_web() -> None:
    from importlib.util import find_spec

    from hemalens.errors import MissingExtraError

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn")):
        raise MissingExtraError("The station", "web")
