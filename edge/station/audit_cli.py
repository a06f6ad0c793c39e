"""``hemalens station audit``: the record checked, exported and gone on with."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.station.options import (
    DATA,
    LAST_DIGEST,
    WITHOUT_PROOF,
    require_proof,
    require_web,
)
from hemalens.printable import printable

if TYPE_CHECKING:
    from edge.station.records import TrailCheck


@click.group()
def audit() -> None:
    """Check the audit trail, and the data against it."""


@audit.command()
@DATA
@LAST_DIGEST
@click.pass_context
def verify(context: click.Context, data: Path, last_digest: str | None) -> None:
    """Check that trail and data are as the station wrote them; exit 3 when not.

    The station may go on meanwhile. Note the last digest elsewhere: it tells of lines
    cut off the end, and of a trail written anew where the key was lost.
    """
    require_web()
    from edge.station.audit_check import check_stores, check_trail

    found = check_trail(data, last_digest)
    faults = [*_trail_faults(found, last_digest)]
    faults += [f"{printable(one.subject)} is {one.is_now}" for one in found.differences]
    if found.has_more_differences:
        faults.append("there are more differences than these")
    faults += [
        f"the cells of count {count_id} are missing, or not those that were counted"
        for count_id in check_stores(data)
    ]
    for fault in faults:
        click.echo(fault)
    if faults:
        context.exit(3)
    click.echo(
        f"{found.lines} lines, whole, and the data as they tell; the last digest is "
        f"{found.last_digest}"
    )


def _trail_faults(found: "TrailCheck", last_digest: str | None) -> list[str]:
    if found.first_broken is not None:
        return [f"line {found.first_broken} was changed or is missing"]
    faults = []
    if last_digest is not None and found.noted_line is None:
        faults.append(
            "no line has the digest given: lines were cut off, or all written anew"
        )
    if found.unproven:
        faults.append(
            f"{found.unproven} of {found.unchecked} lines sealed with an earlier key "
            "are not proven: give --last-digest, as it was noted before the key changed"
        )
    return faults


@audit.command("new-key")
@DATA
@LAST_DIGEST
@WITHOUT_PROOF
def new_key(data: Path, last_digest: str | None, without_proof: bool) -> None:
    """Go on with a new key where audit.key is lost; the trail says so."""
    require_proof(last_digest, without_proof=without_proof)
    require_web()
    from edge.station.audit_check import renew_key

    renew_key(data, last_digest)


@audit.command()
@DATA
@click.option("--reason", required=True, help="Stands in the trail for good.")
def accept(data: Path, reason: str) -> None:
    """Let data stand that differ from the trail; it says so, row by row.

    For a station that no backup brings back: see first what 'verify' names.
    """
    require_web()
    from edge.station.audit_check import accept as accept_differences

    click.echo(f"{accept_differences(data, reason)} differences, now in the trail")


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DATA
def export(file: Path, data: Path) -> None:
    """Write the trail to FILE, signed, to be checked elsewhere."""
    require_web()
    from edge.station.audit.export import export_trail
    from edge.station.audit_check import reading

    with reading(data) as (connection, key):
        export_trail(connection, key, file)


@audit.command("public-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@DATA
def public_key(file: Path, data: Path) -> None:
    """Write to FILE the public key that exports are checked with."""
    require_web()
    from edge.station.audit.signing import public_pem
    from edge.station.audit_check import reading
    from hemalens.files import write_whole

    with reading(data) as (_, key):
        write_whole(file, public_pem(key))


@audit.command("check-export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--trusted-key",
    "trusted_keys",
    type=click.Path(path_type=Path),
    multiple=True,
    help="The station's, as 'public-key' wrote it.",
)
def check_exported(file: Path, trusted_keys: tuple[Path, ...]) -> None:
    """Check a trail exported to FILE; no station is needed."""
    require_web()
    from edge.station.audit.export import check_export
    from hemalens.signature import read_trusted_keys

    trusted = read_trusted_keys(trusted_keys) if trusted_keys else None
    signed = check_export(file, trusted)
    told, key_id = signed.statement, signed.signature.key_id
    click.echo(f"{told.lines} lines, whole, signed by key {key_id}")
    click.echo(f"the last digest is {told.last_digest}")
    if trusted is None:
        click.echo("whose key that is was not checked: give --trusted-key")
