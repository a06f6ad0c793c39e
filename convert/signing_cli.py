"""``hemalens convert make-key``, ``sign``, ``sign-wheelhouse`` and ``verify``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from hemalens.signature import Signer

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
def sign(bundle: Path, key: Path, output: Path) -> None:
    """Sign BUNDLE, which carries a validation report that passed.

    A finder carries its figures in the manifest; they must pass its gate.
    """
    from convert.evidence.proven import signed
    from convert.finder_gate import signed_finder
    from hemalens.bundle import SUFFIX, unpack
    from hemalens.errors import ConfigError
    from hemalens.files import write_whole
    from hemalens.finder_bundle import FinderBundle, read_any_bundle

    if output.suffix != SUFFIX:
        raise ConfigError(f"a bundle's name ends in {SUFFIX}, this is {output.name}")
    opened = read_any_bundle(bundle)
    signer = _signer(key)
    if isinstance(opened, FinderBundle):
        content = signed_finder(opened, signer)
    else:
        content = signed(opened, signer)
    write_whole(output, content)
    _, signature = unpack(content)
    click.echo(f"{output}: signed by key {signature.key_id if signature else ''}")


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
    signature = opened.signature
    click.echo(
        f"{bundle}: {manifest.name} {manifest.version}, signed by key "
        f"{signature.key_id if signature else ''}, nothing altered"
    )


def _signer(key: Path) -> "Signer":
    from convert.signing_key import is_encrypted, read_signer

    secret = _passphrase(confirm=False) if is_encrypted(key) else None
    return read_signer(key, secret)


def _passphrase(*, confirm: bool) -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    asked: str = click.prompt(
        "passphrase", hide_input=True, confirmation_prompt=confirm, err=True
    )
    return asked
