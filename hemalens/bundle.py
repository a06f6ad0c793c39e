"""The model bundle: one file that a device loads whole and verified, or not at all.

A zip, stored without compression, with a fixed layout::

    SHA256SUMS             digest of every member below, as sha256sum writes it
    signature.json         of SHA256SUMS; in a signed bundle alone
    manifest.json          what the model is
    model.tflite           the int8 model
    golden_inputs.npy      uint8 (G, S, S, 3), RGB
    golden_outputs.npy     uint8 (G, classes): the codes those inputs must give
    golden_embeddings.npy  uint8 (G, dimensions): those of the model's second output;
                           exactly where the manifest has a tolerance for them
    trained_images.bin     which files the model was trained on, as
                           `hemalens.trained_images` writes it; where its run says it
    validation.json        the report of the gate it passed, whose digest the manifest
                           has
    model_card.md          both in a few pages; these two once validation has passed

The same members make the same bytes, and only those bytes are read: a bundle with one
byte changed anywhere is refused. `parse_bundle` checks names, sizes, layout, digests
and signature before anything is decoded; `hemalens.classifier` runs the golden vectors.
"""

import hashlib
import io
import struct
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from hemalens.errors import BundleError
from hemalens.golden_vectors import GoldenVectors, npy_bytes, read_npy
from hemalens.manifest import Manifest
from hemalens.signature import Signature, Signer, TrustedKeys, verify
from hemalens.trained_images import MEMBER as TRAINED_IMAGES
from hemalens.trained_images import TrainedImages
from hemalens.validation_message import validation_message

_Record = TypeVar("_Record", bound=BaseModel)

SUFFIX: Final = ".hemalens"

_SUMS: Final = "SHA256SUMS"
_SIGNATURE: Final = "signature.json"
MANIFEST: Final = "manifest.json"
MODEL: Final = "model.tflite"
GOLDEN: Final = ("golden_inputs.npy", "golden_outputs.npy")
_EMBEDDINGS: Final = "golden_embeddings.npy"
_EVIDENCE: Final = ("validation.json", "model_card.md")
_MAXIMUM_BYTES: Final = {
    _SUMS: 4_096,
    _SIGNATURE: 4_096,
    MANIFEST: 262_144,
    MODEL: 67_108_864,
    GOLDEN[0]: 16_777_216,
    GOLDEN[1]: 1_048_576,
    _EMBEDDINGS: 1_048_576,
    TRAINED_IMAGES: 8_388_608,
    _EVIDENCE[0]: 4_194_304,
    _EVIDENCE[1]: 262_144,
}
"""In the order of the file."""
_OPTIONAL: Final = frozenset({_SIGNATURE, _EMBEDDINGS, TRAINED_IMAGES, *_EVIDENCE})
_DIRECTORY_BYTES: Final = 4_096
"""More than the zip's own headers take."""
_LARGEST_BYTES: Final = sum(_MAXIMUM_BYTES.values()) + _DIRECTORY_BYTES
_TOO_LARGE: Final = "larger than any bundle, not read"
_HEADER_MAGIC: Final = b"PK\x03\x04"
_HEADER: Final = struct.Struct("<8xH12xI2H")
"""Before each member of a zip: compression, size, lengths of the name and of more."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_ZIP_VERSION: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFiles:
    """What shows that the model may ship.

    Parameters
    ----------
    report : bytes
        ``validation.json``, byte for byte as the validation wrote it.
    model_card : str
        Markdown.
    """

    report: bytes
    model_card: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A verified bundle in memory.

    Parameters
    ----------
    manifest : Manifest
    model : bytes
        The TFLite flatbuffer.
    golden : GoldenVectors
    trained_images : TrainedImages, optional
        None where nothing says which they were.
    evidence : EvidenceFiles, optional
        Present exactly when the manifest names a report.
    signature : Signature, optional
        Verified; whether its key is trusted is another question.
    sha256 : str
        Of the whole file: what a report names.
    """

    manifest: Manifest
    model: bytes
    golden: GoldenVectors
    trained_images: TrainedImages | None = None
    evidence: EvidenceFiles | None = None
    signature: Signature | None = None
    sha256: str


def bundle_bytes(
    manifest: Manifest,
    model: bytes,
    golden: GoldenVectors,
    evidence: EvidenceFiles | None = None,
    signer: Signer | None = None,
    *,
    trained_images: TrainedImages | None = None,
) -> bytes:
    """Pack a bundle; the same parts give the same bytes.

    Raises
    ------
    BundleError
        When the manifest names another report than the one given, or has no tolerance
        for the golden embeddings that there are.
    """
    members = {
        MANIFEST: manifest.model_dump_json(indent=2).encode() + b"\n",
        MODEL: model,
        GOLDEN[0]: npy_bytes(golden.inputs),
        GOLDEN[1]: npy_bytes(golden.outputs),
    }
    if golden.embeddings is not None:
        members[_EMBEDDINGS] = npy_bytes(golden.embeddings)
    if trained_images is not None:
        members[TRAINED_IMAGES] = trained_images.content()
    if evidence is not None:
        contents = (evidence.report, evidence.model_card.encode())
        members |= dict(zip(_EVIDENCE, contents, strict=True))
    _require_embeddings_of(manifest, golden)
    _require_same_report(manifest, members)
    return pack(members, signer)


def unproven_sha256(bundle: Bundle) -> str:
    """Name all that answers a cell: the bundle without evidence and signature."""
    manifest = bundle.manifest.model_copy(update={"evidence": None})
    content = bundle_bytes(
        manifest, bundle.model, bundle.golden, trained_images=bundle.trained_images
    )
    return hashlib.sha256(content).hexdigest()


def pack(members: dict[str, bytes], signer: Signer | None = None) -> bytes:
    """Pack members under their digests, signed where there is a signer.

    Parameters
    ----------
    members : dict
        By name; all but ``SHA256SUMS`` and the signature.
    signer : Signer, optional
    """
    sums = _sums(members)
    signature = {_SIGNATURE: signer(sums).content()} if signer else {}
    return _packed({_SUMS: sums, **signature, **members})


def read_bundle(path: Path, trusted: TrustedKeys | None = None) -> Bundle:
    """Read and verify a bundle.

    Parameters
    ----------
    path : Path
    trusted : TrustedKeys, optional
        Where given, one of these keys must have signed it. A signature is verified
        in any case.

    Raises
    ------
    BundleError
        When the file is missing or no bundle, a member is missing, added, oversized
        or altered, the signature does not fit or its key is not trusted, or the
        manifest does not describe the model.
    """
    content = read_content(path)
    try:
        return parse_bundle(content, trusted)
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from error


def read_content(path: Path) -> bytes:
    """Read a bundle's bytes, if it is no larger than any.

    Raises
    ------
    BundleError
        When the file is missing, unreadable or too large.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise BundleError(f"bundle {path}: {_TOO_LARGE}")
        with path.open("rb") as file:
            # What has no size, as a pipe, may never end.
            return file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise BundleError(f"cannot read bundle {path}: {error.strerror}") from error


def parse_bundle(content: bytes, trusted: TrustedKeys | None = None) -> Bundle:
    """Verify a bundle already in memory.

    Raises
    ------
    BundleError
        As `read_bundle`.
    """
    members, signature = unpack(content, trusted)
    manifest = parsed_json(Manifest, MANIFEST, members[MANIFEST])
    try:
        golden = golden_of(members)
        evidence = _evidence(members)
        trained_images = _trained_images(members)
    except ValueError as error:
        raise BundleError(str(error)) from error
    size = manifest.input.size_px
    wanted = ((size, size, 3), (len(manifest.classes),))
    if (golden.inputs.shape[1:], golden.outputs.shape[1:]) != wanted:
        raise BundleError(
            "the golden vectors do not fit the manifest's input and classes"
        )
    _require_embeddings_of(manifest, golden)
    _require_same_report(manifest, members)
    if trusted is not None:
        _require_persons(manifest, signature)
    return Bundle(
        manifest=manifest,
        model=members[MODEL],
        golden=golden,
        trained_images=trained_images,
        evidence=evidence,
        signature=signature,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _require_persons(manifest: Manifest, signature: Signature | None) -> None:
    wanted = 1 if manifest.evidence is None else manifest.evidence.signatures
    found = 0 if signature is None else len(signature.persons)
    if found < wanted:
        raise BundleError(
            f"its protocol asks for {wanted} signatures, it has {found}: have another "
            "person sign it with 'hemalens convert sign'"
        )


def unpack(
    content: bytes, trusted: TrustedKeys | None = None
) -> tuple[dict[str, bytes], Signature | None]:
    """Read the members of a bundle in memory, their digests and signature verified.

    Raises
    ------
    BundleError
        As `read_bundle`, but for what the manifest says.
    """
    if len(content) > _LARGEST_BYTES:
        raise BundleError(_TOO_LARGE)
    members = _unpack(content)
    _verify_sums(members)
    signature = _verified_signature(members)
    if trusted is not None:
        trusted.require(signature)
    return members, signature


def parsed_json(record: type[_Record], name: str, content: bytes) -> _Record:
    """Read a record from a member; its first fault is named.

    Raises
    ------
    BundleError
        When the member is not of this form.
    """
    try:
        return record.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(f"{name}, {validation_message(error)}") from error


def _unpack(content: bytes) -> dict[str, bytes]:
    """Read the members one after the other, each checked before it is read.

    The directory at the end is not trusted with anything: it has to be the one that
    `_packed` writes.
    """
    members: dict[str, bytes] = {}
    place = 0
    while content.startswith(_HEADER_MAGIC, place):
        name, begin, size = _header(content, place)
        if name not in _MAXIMUM_BYTES or name in members:
            raise BundleError(f"members do not belong: {name[:80]!a}")
        if size > _MAXIMUM_BYTES[name]:
            raise BundleError(f"{name} is too large: {size} B")
        place = begin + size
        members[name] = content[begin:place]
    if not members or place > len(content):
        raise BundleError("no intact bundle (it breaks off): fetch it again")
    _require_names(members)
    if _packed(members) != content:
        raise BundleError("no intact bundle (not as it was packed): fetch it again")
    return members


def _header(content: bytes, place: int) -> tuple[str, int, int]:
    """Read the name of the member at a place, where it begins, and its size."""
    end = place + _HEADER.size
    if end > len(content):
        raise BundleError("no intact bundle (it breaks off): fetch it again")
    compression, size, name_length, extra_length = _HEADER.unpack_from(content, place)
    begin = end + name_length + extra_length
    name = content[end : end + name_length].decode("utf-8", "replace")
    if compression != zipfile.ZIP_STORED:
        raise BundleError(f"{name[:80]!a} is compressed; members are stored")
    return name, begin, size


def _require_names(names: Collection[str]) -> None:
    missing = sorted(set(_MAXIMUM_BYTES) - _OPTIONAL - set(names))
    if missing:
        raise BundleError(f"members are missing: {', '.join(missing)}")
    halves = [name for name in _EVIDENCE if name in names]
    if len(halves) == 1:
        raise BundleError(f"{halves[0]} stands alone: evidence is {_EVIDENCE}")


def _packed(members: dict[str, bytes]) -> bytes:
    """Zip members in their fixed order: the only form of a bundle that is read."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in _MAXIMUM_BYTES:
            if name not in members:
                continue
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = _UNIX
            member.create_version = member.extract_version = _ZIP_VERSION
            member.external_attr = 0o644 << 16
            archive.writestr(member, members[name])
    return packed.getvalue()


def _sums(members: dict[str, bytes]) -> bytes:
    return "".join(
        f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n"
        for name in _MAXIMUM_BYTES
        if name in members and name not in (_SUMS, _SIGNATURE)
    ).encode()


def _verify_sums(members: dict[str, bytes]) -> None:
    expected = _sums(members)
    if members[_SUMS] == expected:
        return
    stated = members[_SUMS].decode("ascii", "replace").splitlines()
    for line in expected.decode().splitlines():
        if line not in stated:
            name = line.split()[1]
            raise BundleError(f"{name} is not what {_SUMS} says: altered or damaged")
    raise BundleError(f"{_SUMS} names members that are not there")


def _verified_signature(members: dict[str, bytes]) -> Signature | None:
    if _SIGNATURE not in members:
        return None
    signature = parsed_json(Signature, _SIGNATURE, members[_SIGNATURE])
    if members[_SIGNATURE] != signature.content():
        raise BundleError(f"{_SIGNATURE} is not written as HemaLens writes it")
    verify(signature, members[_SUMS])
    return signature


def golden_of(members: dict[str, bytes]) -> GoldenVectors:
    """Read the golden vectors among the members."""
    inputs, outputs = (read_npy(members[name]) for name in GOLDEN)
    held = members.get(_EMBEDDINGS)
    embeddings = None if held is None else read_npy(held)
    return GoldenVectors(inputs=inputs, outputs=outputs, embeddings=embeddings)


def _require_embeddings_of(manifest: Manifest, golden: GoldenVectors) -> None:
    has_tolerance = manifest.golden_embedding_tolerance_codes is not None
    if has_tolerance != (golden.embeddings is not None):
        raise BundleError(
            f"the manifest has {'a' if has_tolerance else 'no'} tolerance for "
            f"{_EMBEDDINGS}, which is {'not ' if has_tolerance else ''}there"
        )
    if golden.embeddings is None or manifest.likeness is None:
        return
    found, wanted = golden.embeddings.shape[1], manifest.likeness.dimensions
    if found != wanted:
        raise BundleError(
            f"{_EMBEDDINGS} has {found} dimensions, the manifest's likeness {wanted}"
        )


def _trained_images(members: dict[str, bytes]) -> TrainedImages | None:
    held = members.get(TRAINED_IMAGES)
    return None if held is None else TrainedImages.read(held)


def _evidence(members: dict[str, bytes]) -> EvidenceFiles | None:
    if _EVIDENCE[0] not in members:
        return None
    report, card = (members[name] for name in _EVIDENCE)
    return EvidenceFiles(report=report, model_card=card.decode())


def _require_same_report(manifest: Manifest, members: dict[str, bytes]) -> None:
    report = members.get(_EVIDENCE[0])
    named = manifest.evidence.report_sha256 if manifest.evidence else None
    found = hashlib.sha256(report).hexdigest() if report is not None else None
    if named != found:
        raise BundleError(
            f"the manifest names the report {named and named[:12]}, "
            f"{_EVIDENCE[0]} is {found and found[:12]}"
        )
