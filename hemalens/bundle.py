"""The model bundle: one file that a device loads whole and verified, or not at all.

A zip, stored without compression, with a fixed layout::

    SHA256SUMS          digest of every other member, as sha256sum writes it
    manifest.json       what the model is
    model.tflite        the int8 model
    golden_inputs.npy   uint8 (G, S, S, 3), RGB
    golden_outputs.npy  uint8 (G, classes): the codes those inputs must give

The same members make the same bytes. `read_bundle` checks the layout and the digests
before anything is decoded; the golden vectors are run by `edge.classify`.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from hemalens.errors import BundleError
from hemalens.files import write_whole
from hemalens.manifest import Manifest

SUFFIX: Final = ".hemalens"

_SUMS: Final = "SHA256SUMS"
_MAXIMUM_BYTES: Final = {
    _SUMS: 4_096,
    "manifest.json": 262_144,
    "model.tflite": 67_108_864,
    "golden_inputs.npy": 16_777_216,
    "golden_outputs.npy": 1_048_576,
}
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoldenVectors:
    """Inputs with the output codes they must give.

    Parameters
    ----------
    inputs : ndarray of shape (G, S, S, 3), uint8, RGB
    outputs : ndarray of shape (G, classes), uint8
    """

    inputs: NDArray[np.uint8]
    outputs: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.inputs.dtype != np.uint8 or self.outputs.dtype != np.uint8:
            raise ValueError("golden vectors are uint8")
        if self.inputs.ndim != 4 or self.inputs.shape[3] != 3:
            raise ValueError(f"golden inputs are (G, S, S, 3), not {self.inputs.shape}")
        if self.outputs.ndim != 2 or len(self.outputs) != len(self.inputs):
            raise ValueError("golden outputs are (G, classes), one row an input")
        if not len(self.inputs):
            raise ValueError("there is no golden vector")
        self.inputs.flags.writeable = False
        self.outputs.flags.writeable = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A verified bundle in memory.

    Parameters
    ----------
    manifest : Manifest
    model : bytes
        The TFLite flatbuffer.
    golden : GoldenVectors
    sha256 : str
        Of the whole file: what a report names.
    """

    manifest: Manifest
    model: bytes
    golden: GoldenVectors
    sha256: str


def bundle_bytes(manifest: Manifest, model: bytes, golden: GoldenVectors) -> bytes:
    """Pack a bundle; the same parts give the same bytes."""
    members = {
        "manifest.json": manifest.model_dump_json(indent=2).encode() + b"\n",
        "model.tflite": model,
        "golden_inputs.npy": _npy(golden.inputs),
        "golden_outputs.npy": _npy(golden.outputs),
    }
    sums = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in members.items()
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {_SUMS: sums.encode(), **members}.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr = 0o644 << 16
            archive.writestr(member, content)
    return packed.getvalue()


def write_bundle(
    path: Path, manifest: Manifest, model: bytes, golden: GoldenVectors
) -> None:
    """Write a bundle whole, or leave what was there.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    write_whole(path, bundle_bytes(manifest, model, golden))


def read_bundle(path: Path) -> Bundle:
    """Read and verify a bundle.

    Raises
    ------
    BundleError
        When the file is missing or no bundle, a member is missing, added, oversized
        or altered, or the manifest does not describe the model.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot read bundle {path}: {error.strerror}") from error
    try:
        return parse_bundle(content)
    except BundleError as error:
        raise BundleError(f"bundle {path}: {error}") from error


def parse_bundle(content: bytes) -> Bundle:
    """Verify a bundle already in memory.

    Raises
    ------
    BundleError
        As `read_bundle`.
    """
    members = _unpack(content)
    _verify_sums(members)
    try:
        manifest = Manifest.model_validate_json(members["manifest.json"])
        golden = GoldenVectors(
            inputs=_array(members["golden_inputs.npy"]),
            outputs=_array(members["golden_outputs.npy"]),
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"manifest.json, {place}: {first['msg']}") from error
    except ValueError as error:
        raise BundleError(str(error)) from error
    size = manifest.input.size_px
    wanted = ((size, size, 3), (len(manifest.classes),))
    if (golden.inputs.shape[1:], golden.outputs.shape[1:]) != wanted:
        raise BundleError(
            "the golden vectors do not fit the manifest's input and classes"
        )
    return Bundle(
        manifest=manifest,
        model=members["model.tflite"],
        golden=golden,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _unpack(content: bytes) -> dict[str, bytes]:
    """Read the members, each checked for name and size before it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if sorted(names) != sorted(_MAXIMUM_BYTES):
                raise BundleError(_difference(names))
            for info in infos:
                if info.compress_type != zipfile.ZIP_STORED:
                    raise BundleError(
                        f"{info.filename} is compressed; members are stored"
                    )
                if info.file_size > _MAXIMUM_BYTES[info.filename]:
                    raise BundleError(
                        f"{info.filename} is too large: {info.file_size} B"
                    )
            members = {info.filename: archive.read(info) for info in infos}
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ) as error:
        raise BundleError(f"no intact bundle ({error}): fetch it again") from error
    return members


def _difference(names: list[str]) -> str:
    missing = sorted(set(_MAXIMUM_BYTES) - set(names))
    if missing:
        return f"members are missing: {', '.join(missing)}"
    added = sorted({n for n in names if n not in _MAXIMUM_BYTES or names.count(n) > 1})
    return f"members do not belong: {', '.join(repr(name) for name in added)}"


def _verify_sums(members: dict[str, bytes]) -> None:
    expected = "".join(
        f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n"
        for name in _MAXIMUM_BYTES
        if name != _SUMS
    ).encode()
    if members[_SUMS] == expected:
        return
    stated = members[_SUMS].decode("ascii", "replace").splitlines()
    for line in expected.decode().splitlines():
        if line not in stated:
            name = line.split()[1]
            raise BundleError(f"{name} is not what {_SUMS} says: altered or damaged")
    raise BundleError(f"{_SUMS} names members that are not there")


def _npy(array: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def _array(content: bytes) -> NDArray[np.uint8]:
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return np.asarray(array)
