"""What is in a model or bundle, as records."""

import hashlib
import io
import zipfile
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from convert.flatbuffer import Graph, OperatorCode, Tensor, read_graph
from convert.inference_cost import macs, peak_activation_bytes
from convert.operators import first_release, runs
from hemalens.bundle import SUFFIX, Bundle
from hemalens.errors import ConversionError
from hemalens.finder_bundle import FinderBundle, read_any_bundle
from hemalens.finder_manifest import FinderManifest
from hemalens.manifest import SUPPORTED_RUNTIMES, Manifest


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class End(_Record):
    """An input or output."""

    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    """-1 where a side can be resized."""
    dtype: str
    scale: float | None
    zero_point: int | None


class Weights(_Record):
    """Weights and biases of one type: the constants that are real numbers."""

    dtype: str
    tensors: int
    per_channel: int
    values: int
    size_bytes: int


class OperatorKind(_Record):
    """Operators of one kind and version."""

    name: str
    version: int
    custom: bool
    count: int
    macs: int
    first_release: str | None
    """Of TensorFlow; None when not known."""
    runs_on: dict[str, bool | None]
    """By the oldest of each supported runtime; None when not known."""


class ModelInspection(_Record):
    """What a TFLite flatbuffer holds."""

    size_bytes: int
    schema_version: int
    minimum_runtime_version: str | None
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    weights: tuple[Weights, ...]
    parameters: int
    operators: tuple[OperatorKind, ...]
    macs: int
    peak_activation_bytes: int


class Member(_Record):
    """A file within a bundle."""

    name: str
    size_bytes: int


class BundleInspection(_Record):
    """What a bundle says of its model."""

    members: tuple[Member, ...]
    manifest: Manifest | FinderManifest
    signed_by: tuple[str, ...]
    """Key, and what each person states; whether it is trusted is another question."""


class Inspection(_Record):
    """A model file or bundle, seen from inside."""

    name: str
    size_bytes: int
    sha256: str
    bundle: BundleInspection | None
    model: ModelInspection


def inspect_file(path: Path) -> Inspection:
    """Look into a bundle, or into a file that should be a TFLite model.

    Raises
    ------
    BundleError
        When the bundle cannot be trusted.
    ConversionError
        When the file cannot be read or its model is no intact TFLite flatbuffer.
    """
    bundle = read_any_bundle(path) if path.suffix == SUFFIX else None
    try:
        content = path.read_bytes()
        model = inspect_model(bundle.model if bundle else content)
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror}") from error
    except ConversionError as error:
        raise ConversionError(f"{path}: {error}") from error
    return Inspection(
        name=path.name,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        bundle=_inspect_bundle(bundle, content) if bundle else None,
        model=model,
    )


def inspect_model(model: bytes) -> ModelInspection:
    """Look into a TFLite flatbuffer.

    Raises
    ------
    ConversionError
        When it is none, or damaged.
    """
    graph = read_graph(model)
    weights = _weights(graph)
    operators = _operators(graph)
    return ModelInspection(
        size_bytes=len(model),
        schema_version=graph.schema_version,
        minimum_runtime_version=graph.minimum_runtime_version,
        inputs=tuple(_end(graph.tensors[place]) for place in graph.inputs),
        outputs=tuple(_end(graph.tensors[place]) for place in graph.outputs),
        weights=weights,
        parameters=sum(group.values for group in weights),
        operators=operators,
        macs=sum(kind.macs for kind in operators),
        peak_activation_bytes=peak_activation_bytes(graph),
    )


def _inspect_bundle(bundle: Bundle | FinderBundle, content: bytes) -> BundleInspection:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = tuple(
            Member(name=info.filename, size_bytes=info.file_size)
            for info in archive.infolist()
        )
    return BundleInspection(
        members=members,
        manifest=bundle.manifest,
        signed_by=tuple(
            one.said for one in (bundle.signature.persons if bundle.signature else ())
        ),
    )


def _end(tensor: Tensor) -> End:
    return End(
        name=tensor.name,
        shape=tensor.shape,
        shape_signature=tensor.shape_signature,
        dtype=tensor.dtype,
        scale=tensor.scale,
        zero_point=tensor.zero_point,
    )


def _weights(graph: Graph) -> tuple[Weights, ...]:
    groups: dict[str, list[Tensor]] = {}
    for tensor in graph.tensors:
        if tensor.constant_bytes and (tensor.is_float or tensor.scales):
            groups.setdefault(tensor.dtype, []).append(tensor)
    return tuple(
        Weights(
            dtype=dtype,
            tensors=len(tensors),
            per_channel=sum(tensor.scales > 1 for tensor in tensors),
            values=sum(tensor.values for tensor in tensors),
            size_bytes=sum(tensor.constant_bytes for tensor in tensors),
        )
        for dtype, tensors in sorted(groups.items())
    )


def _operators(graph: Graph) -> tuple[OperatorKind, ...]:
    counts = Counter(operator.code for operator in graph.operators)
    spent: Counter[OperatorCode] = Counter()
    for operator in graph.operators:
        spent[operator.code] += macs(operator, graph)
    return tuple(
        OperatorKind(
            name=code.name,
            version=code.version,
            custom=code.custom,
            count=counts[code],
            macs=spent[code],
            first_release=first_release(code),
            runs_on={
                f"{one.name} {one.at_least}": runs(code, one)
                for one in SUPPORTED_RUNTIMES
            },
        )
        for code in sorted(counts)
    )
