"""Where a bundle comes from, as far as can be told: shipped, signed, or from anywhere.

A bundle's own digests show that it is whole, not who made it: whoever exchanges two of
its class names writes fresh ones. What ships is known by its digest, all else by the
key that signed it.
"""

from functools import cache
from pathlib import Path
from typing import Final

from hemalens.bundle import Bundle
from hemalens.errors import BundleError
from hemalens.signature import TrustedKeys

_SUMS: Final = Path(__file__).with_name("SHA256SUMS")


@cache
def shipped_digests() -> dict[str, str]:
    """Read the SHA-256 of each shipped bundle's file, by the file's name."""
    lines = _SUMS.read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in map(str.split, lines)}


def require_shipped(name: str, sha256: str) -> None:
    """Refuse what lies where a shipped bundle should and is another.

    Raises
    ------
    BundleError
        Naming both digests.
    """
    wanted = shipped_digests().get(name)
    if wanted != sha256:
        raise BundleError(
            f"{name} is not the one HemaLens ships ({sha256[:12]}, wanted "
            f"{wanted and wanted[:12]}): install HemaLens anew"
        )


def doubt_of(bundle: Bundle, trusted: TrustedKeys | None = None) -> str | None:
    """Say what is not known of a bundle's origin; None where it can be trusted.

    Parameters
    ----------
    bundle : Bundle
        Verified.
    trusted : TrustedKeys, optional
        The keys whose signatures count here; then one of them must have signed a
        bundle that does not ship with HemaLens.

    Raises
    ------
    BundleError
        When keys are given and none of them signed it.
    """
    if bundle.sha256 in shipped_digests().values():
        return None
    called = f"the model {bundle.manifest.name} {bundle.manifest.version}"
    if trusted is not None:
        try:
            trusted.require(bundle.signature)
        except BundleError as error:
            raise BundleError(f"{called}: {error}") from error
        return None
    if bundle.signature is None:
        return (
            f"{called} is unsigned and does not ship with HemaLens: who made it is not "
            "known, whatever it calls itself"
        )
    return (
        f"{called} does not ship with HemaLens and is signed by the key "
        f"{bundle.signature.key_id}, which nobody named as trusted (--trusted-key)"
    )
