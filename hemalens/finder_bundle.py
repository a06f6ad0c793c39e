"""The finder's bundle: as a classifier's (`hemalens.bundle`), with its own manifest.

The golden outputs hold each input's maps as one row.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hemalens.bundle import (
    GOLDEN,
    MANIFEST,
    MODEL,
    Bundle,
    golden_of,
    pack,
    parse_bundle,
    parsed_json,
    read_content,
    unpack,
)
from hemalens.errors import BundleError
from hemalens.finder import OUTPUT_STRIDE, Map
from hemalens.finder_manifest import FinderManifest, FinderView
from hemalens.golden_vectors import GoldenVectors, npy_bytes
from hemalens.signature import Signature, Signer, TrustedKeys

_KIND: Final = re.compile(rb'^  "kind": "finder",$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FinderBundle:
    """A verified finder in memory.

    Parameters
    ----------
    manifest : FinderManifest
    model : bytes
        The TFLite flatbuffer.
    golden : GoldenVectors
        Inputs (G, S, S, 3), outputs (G, S/2 * S/2 * 5).
    signature : Signature, optional
        Verified; whether its key is trusted is another question.
    sha256 : str
        Of the whole file.
    """

    manifest: FinderManifest
    model: bytes
    golden: GoldenVectors
    signature: Signature | None = None
    sha256: str


def finder_bundle_bytes(
    manifest: FinderManifest,
    model: bytes,
    golden: GoldenVectors,
    signer: Signer | None = None,
) -> bytes:
    """Pack a finder; the same parts give the same bytes.

    Raises
    ------
    BundleError
        When the golden vectors are not of its form.
    """
    _require_fitting(manifest, golden)
    members = {
        MANIFEST: manifest.model_dump_json(indent=2).encode() + b"\n",
        MODEL: model,
        GOLDEN[0]: npy_bytes(golden.inputs),
        GOLDEN[1]: npy_bytes(golden.outputs),
    }
    return pack(members, signer)


def read_finder_bundle(path: Path, trusted: TrustedKeys | None = None) -> FinderBundle:
    """Read and verify a finder's bundle.

    Raises
    ------
    BundleError
        When the file is missing or no such bundle, a member is missing, added,
        oversized or altered, the signature does not fit or its key is not trusted, or
        this version of HemaLens standardises frames otherwise.
    """
    content = read_content(path)
    try:
        return parse_finder_bundle(content, trusted)
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from error


def read_any_bundle(
    path: Path, trusted: TrustedKeys | None = None
) -> Bundle | FinderBundle:
    """Read and verify the bundle of a classifier or of a finder.

    Raises
    ------
    BundleError
        As `read_finder_bundle` and `hemalens.bundle.read_bundle`.
    """
    content = read_content(path)
    try:
        members, _ = unpack(content)
        if _KIND.search(members[MANIFEST]):
            return parse_finder_bundle(content, trusted)
        return parse_bundle(content, trusted)
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from error


def parse_finder_bundle(
    content: bytes, trusted: TrustedKeys | None = None
) -> FinderBundle:
    """Verify a finder's bundle already in memory.

    Raises
    ------
    BundleError
        As `read_finder_bundle`.
    """
    members, signature = unpack(content, trusted)
    manifest = parsed_json(FinderManifest, MANIFEST, members[MANIFEST])
    try:
        golden = golden_of(members)
    except ValueError as error:
        raise BundleError(str(error)) from error
    _require_fitting(manifest, golden)
    return FinderBundle(
        manifest=manifest,
        model=members[MODEL],
        golden=golden,
        signature=signature,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _require_fitting(manifest: FinderManifest, golden: GoldenVectors) -> None:
    if manifest.view != FinderView():
        raise BundleError(
            "this finder wants frames shown otherwise than this version of HemaLens "
            "shows them: make its bundle again, or update the software"
        )
    _, height, width, _ = golden.inputs.shape
    wanted = (height // OUTPUT_STRIDE) * (width // OUTPUT_STRIDE) * len(Map)
    if golden.outputs.shape[1] != wanted:
        raise BundleError("the golden vectors do not fit the finder's input and maps")
