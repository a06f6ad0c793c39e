"""The finder's gate: what its bundle must show before QA signs it."""

from typing import Final

from hemalens.errors import BundleError
from hemalens.finder_bundle import FinderBundle, finder_bundle_bytes
from hemalens.finder_manifest import FinderManifest, MeasuredKind
from hemalens.signature import Signer

LEAST_WHITE_RECALL: Final = 0.9
"""Of the white cells of every microscope measured, seen or not."""
LEAST_RED_RECALL: Final = 0.8


def gate_failures(manifest: FinderManifest) -> tuple[str, ...]:
    """Say where a finder finds too little; nothing when it may ship."""
    if not manifest.measured:
        return ("it was measured on no microscope",)
    return tuple(
        f"{100 * kind.recall:.1f} % of the {_words(kind)} of {one.name} are found, "
        f"wanted {100 * wanted:.0f}"
        for one in manifest.measured
        for kind in one.kinds
        if (wanted := _wanted(kind)) > kind.recall
    )


def signed_finder(bundle: FinderBundle, signer: Signer) -> bytes:
    """Sign a finder that passes the gate.

    Raises
    ------
    BundleError
        When it does not, or is signed already.
    """
    failures = gate_failures(bundle.manifest)
    if failures:
        raise BundleError(f"the finder is not signed: {'; '.join(failures)}")
    if bundle.signature is not None:
        raise BundleError(f"it is signed by {bundle.signature.said} already")
    return finder_bundle_bytes(bundle.manifest, bundle.model, bundle.golden, signer)


def _wanted(kind: MeasuredKind) -> float:
    wanted = {"white_cell": LEAST_WHITE_RECALL, "red_cell": LEAST_RED_RECALL}
    return wanted.get(kind.kind, 0.0)


def _words(kind: MeasuredKind) -> str:
    return f"{kind.kind.replace('_', ' ')}s"
