"""``hemalens convert make-key``, ``sign``, ``sign-wheelhouse`` and ``verify``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from hemalens.signature import Signer, Statement

FILE = click.Path(path_type=Path)
PASSPHRASE: Final = "HEMALENS_KEY_PASSPHRASE"  # noqa: S105  # a name, no secret
"""Environment variable asked first, for signing without a person."""


@click.command("make-key")
@click.argument("key", type=FILE)
@click.option(
    "--passphrase",
    is_flag=True,
    help=f"Encrypt the private key; asked for, or taken from {PASSPHRASE}.",
)
def make_key(key: Path, passphrase: bool) -> None:
    """Make the key pair QA signs with: KEY stays secret, KEY.pub goes to devices."""
    from convert.signing_key import PUBLIC_SUFFIX
    from convert.signing_key import make_key as make

    secret = _passphrase(confirm=True) if passphrase else None
    fingerprint = make(key, secret)
    click.echo(
        f"key {fingerprint}: {key} is the private key, keep it off every device; "
        f"{key}{PUBLIC_SUFFIX} is the public one"
    )


@click.command()
@click.argument("bundle", type=FILE)
@click.option("--key", type=FILE, required=True, help="Private key of make-key.")
@click.option("--output", type=FILE, required=True, help="The signed bundle.")
@click.option("--name", prompt=True, help="Who signs; asked for.")
@click.option("--role", prompt=True, help="As what; asked for.")
@click.option("--reason", prompt=True, help="Why it may ship; asked for.")
@click.option(
    "--protocol",
    "protocol_file",
    type=FILE,
    help="The terms it was measured under, where they are not the default ones.",
)
def sign(
    bundle: Path,
    key: Path,
    output: Path,
    name: str,
    role: str,
    reason: str,
    protocol_file: Path | None,
) -> None:
    """Sign BUNDLE, which carries a validation report that passed.

    Name, role, reason and time are signed with it. Where the protocol asks for two
    persons, the second signs what the first has signed. A finder carries its figures
    in the manifest; they must pass its gate. A signature is never taken away, and no
    signed bundle written over.
    """
    from convert.evidence.protocol import read_protocol, stated
    from convert.evidence.proven import signed
    from convert.evidence.report import read_report
    from convert.finder_gate import signed_finder
    from hemalens.bundle import SUFFIX, unpack
    from hemalens.errors import ConfigError
    from hemalens.files import write_whole
    from hemalens.finder_bundle import FinderBundle, read_any_bundle

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    opened = read_any_bundle(bundle)
    if output.resolve() != bundle.resolve():
        require_unsigned(output)
    protocol = read_protocol(protocol_file) if protocol_file else None
    signer = _signer(key, _statement(name, role, reason))
    if isinstance(opened, FinderBundle):
        content = signed_finder(opened, signer)
    else:
        content = signed(opened, signer, protocol)
    write_whole(output, content)
    _, signature = unpack(content)
    for one in signature.persons if signature else ():
        click.echo(f"{output}: signed by {one.said}")
    if not isinstance(opened, FinderBundle) and opened.evidence is not None:
        report = read_report(opened.evidence.report)
        click.echo(f"validated {stated(report.protocol)}")


@click.command("sign-wheelhouse")
@click.argument("wheelhouse", type=FILE)
@click.option("--key", type=FILE, required=True, help="Private key of make-key.")
def sign_wheelhouse(wheelhouse: Path, key: Path) -> None:
    """Sign WHEELHOUSE, for devices to update their software from.

    WHEELHOUSE is a folder of 'hemalens device wheelhouse'; its files are checked first.
    """
    from edge.update.wheelhouse_folder import read_wheelhouse
    from edge.update.wheelhouse_signature import sign_wheelhouse as sign_folder

    made = read_wheelhouse(wheelhouse)
    sign_folder(wheelhouse, _signer(key))
    click.echo(f"{wheelhouse}: HemaLens {made.hemalens_version}, signed")


@click.command()
@click.argument("bundle", type=FILE)
@click.option(
    "--trusted-key",
    type=FILE,
    multiple=True,
    required=True,
    help="A .pub file of make-key; give it again for more.",
)
def verify(bundle: Path, trusted_key: tuple[Path, ...]) -> None:
    """Check that one of the trusted keys signed BUNDLE and nothing was altered."""
    from hemalens.finder_bundle import read_any_bundle
    from hemalens.signature import read_trusted_keys

    opened = read_any_bundle(bundle, read_trusted_keys(trusted_key))
    manifest = opened.manifest
    signed_by = opened.signature.persons if opened.signature else ()
    persons = ", and by ".join(one.said for one in signed_by)
    click.echo(
        f"{bundle}: {manifest.name} {manifest.version}, signed by {persons}, nothing "
        "altered"
    )


def require_unsigned(output: Path) -> None:
    """Refuse to write over a bundle that carries a signature.

    Raises
    ------
    StorageError
        When one is there.
    """
    from hemalens.bundle import read_content, unpack
    from hemalens.errors import BundleError, StorageError

    if not output.exists():
        return
    try:
        _, signature = unpack(read_content(output))
    except BundleError:
        return
    if signature is not None:
        raise StorageError(
            f"{output} is there already, signed by {signature.said}: choose another "
            "--output"
        )


def _statement(name: str, role: str, reason: str) -> "Statement":
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from hemalens.errors import ConfigError
    from hemalens.signature import Statement
    from hemalens.validation_message import validation_message

    try:
        return Statement(
            name=name.strip(),
            role=role.strip(),
            reason=reason.strip(),
            signed_at=datetime.now(UTC).replace(microsecond=0),
        )
    except ValidationError as error:
        raise ConfigError(f"no signature: {validation_message(error)}") from error


def _signer(key: Path, statement: "Statement | None" = None) -> "Signer":
    from convert.signing_key import is_encrypted, read_signer

    secret = _passphrase(confirm=False) if is_encrypted(key) else None
    return read_signer(key, secret, statement)


def _passphrase(*, confirm: bool) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    asked: str = click.prompt(
        "passphrase", hide_input=True, confirmation_prompt=confirm, err=True
    )
    return asked
