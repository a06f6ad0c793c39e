"""``hemalens serve`` and ``hemalens station``: the operator's station."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from edge.classify.population_option import population_option
from edge.station.audit_cli import audit
from edge.station.options import (
    DATA,
    LAST_DIGEST,
    WITHOUT_PROOF,
    require_proof,
    require_web,
)

if TYPE_CHECKING:
    from edge.station.station import Station

_ROLES: Final = ("operator", "supervisor", "service")


@click.command()
@click.argument("source")
@DATA
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
    require_web()
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


station.add_command(audit)


@station.group()
def account() -> None:
    """Keep the accounts."""


@account.command("add")
@click.argument("name")
@DATA
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
@DATA
@click.password_option()
def set_password(name: str, data: Path, password: str) -> None:
    """Set an account's new password."""
    with _opened(data) as opened:
        opened.accounts.change_password(name, password, "command line")


@account.command("disable")
@click.argument("name")
@DATA
def disable_account(name: str, data: Path) -> None:
    """Let an account sign in no more."""
    with _opened(data) as opened:
        opened.accounts.disable(name, "command line")


@account.command("list")
@DATA
def list_accounts(data: Path) -> None:
    """List the accounts."""
    with _opened(data) as opened:
        for one in opened.accounts.all():
            state = "  disabled" if one.is_disabled else ""
            click.echo(f"{one.name}  {one.role}  {one.full_name}{state}")


@station.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DATA
def backup(file: Path, data: Path) -> None:
    """Write all that the station keeps to FILE, also while it is served."""
    require_web()
    from edge.station.backup import backup as write

    last_digest = write(data, file)
    click.echo(f"the last digest of its trail is {last_digest}: note it elsewhere")


@station.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DATA
@click.option(
    "--audit-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Copy of the station's audit.key, which no backup holds.",
)
@LAST_DIGEST
@WITHOUT_PROOF
def restore(
    file: Path,
    data: Path,
    audit_key: Path | None,
    last_digest: str | None,
    without_proof: bool,
) -> None:
    """Bring a backup back into an empty folder."""
    if audit_key is None:
        require_proof(last_digest, without_proof=without_proof)
    require_web()
    from edge.station.backup import restore as read

    read(file, data, audit_key, last_digest)


def _opened(data: Path) -> "Station":
    require_web()
    from edge.station.station import Station

    return Station.open(data)
