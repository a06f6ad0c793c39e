import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bundles import open_bundle, shipped_bundles
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle, read_bundle
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError

MEMBERS = (
    "SHA256SUMS",
    "manifest.json",
    "model.tflite",
    "golden_inputs.npy",
    "golden_outputs.npy",
)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle("cnn")


@pytest.fixture(scope="module")
def content(shipped: Bundle) -> bytes:
    return bundle_bytes(shipped.manifest, shipped.model, shipped.golden)


def _repacked(content: bytes, change: dict[str, bytes | None]) -> bytes:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(packed, "w") as after,
    ):
        members = {name: before.read(name) for name in before.namelist()} | change
        for name, part in members.items():
            if part is not None:
                after.writestr(name, part)
    return packed.getvalue()


def test_packing_again_gives_the_same_bytes(shipped: Bundle, content: bytes) -> None:
    parsed = parse_bundle(content)
    again = bundle_bytes(parsed.manifest, parsed.model, parsed.golden)
    assert again == content
    assert parsed.sha256 == shipped.sha256


@pytest.mark.parametrize("member", MEMBERS)
def test_one_flipped_bit_in_any_member_is_refused(content: bytes, member: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        part = bytearray(archive.read(member))
    part[len(part) // 2] ^= 1
    with pytest.raises(BundleError):
        parse_bundle(_repacked(content, {member: bytes(part)}))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_missing_member_is_named(content: bytes, member: str) -> None:
    with pytest.raises(BundleError, match=f"missing: {member}"):
        parse_bundle(_repacked(content, {member: None}))


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "extra.txt"])
def test_an_added_member_is_refused(content: bytes, name: str) -> None:
    with pytest.raises(BundleError, match="do not belong"):
        parse_bundle(_repacked(content, {name: b"x"}))


def test_a_compressed_member_is_refused_before_it_is_unpacked(content: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in MEMBERS:
            archive.writestr(name, bytes(10_000))
    with pytest.raises(BundleError, match="is compressed"):
        parse_bundle(packed.getvalue())


def test_an_oversized_member_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="too large"):
        parse_bundle(_repacked(content, {"manifest.json": b" " * 300_000}))


@given(st.integers(0, 2**31), st.integers(1, 255))
def test_no_altered_byte_is_accepted_or_crashes(place: int, flip: int) -> None:
    shipped = open_bundle("cnn")
    damaged = bytearray(bundle_bytes(shipped.manifest, shipped.model, shipped.golden))
    damaged[place % len(damaged)] ^= flip
    try:
        parsed = parse_bundle(bytes(damaged))
    except BundleError:
        return
    # What no digest covers (a time stamp in the zip's directory) changes no content.
    assert parsed.manifest == shipped.manifest
    assert parsed.model == shipped.model
    assert np.array_equal(parsed.golden.inputs, shipped.golden.inputs)


@pytest.mark.parametrize("length", [0, 10, 5_000])
def test_a_truncated_file_is_no_bundle(content: bytes, length: int) -> None:
    with pytest.raises(BundleError, match="no intact bundle"):
        parse_bundle(content[:length])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="absent"):
        read_bundle(tmp_path / "absent.hemalens")


def test_a_model_that_misses_its_golden_vectors_is_refused(shipped: Bundle) -> None:
    golden = type(shipped.golden)(
        inputs=shipped.golden.inputs, outputs=255 - shipped.golden.outputs
    )
    wrong = parse_bundle(bundle_bytes(shipped.manifest, shipped.model, golden))
    with pytest.raises(BundleError, match="golden vectors"):
        BundleClassifier(wrong)


def test_a_manifest_of_another_quantization_is_refused(shipped: Bundle) -> None:
    manifest = shipped.manifest.model_copy(
        update={"output": shipped.manifest.input.quantization}
    )
    wrong = parse_bundle(bundle_bytes(manifest, shipped.model, shipped.golden))
    with pytest.raises(BundleError, match="quantization"):
        BundleClassifier(wrong)


def test_a_file_that_is_no_model_is_refused(shipped: Bundle) -> None:
    wrong = parse_bundle(
        bundle_bytes(shipped.manifest, b"not a flatbuffer" * 10, shipped.golden)
    )
    with pytest.raises(BundleError, match="cannot load the model"):
        BundleClassifier(wrong)


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_says_where_its_weights_come_from(name: str) -> None:
    manifest = open_bundle(name).manifest
    assert manifest.name == name
    assert "10.17632/snkd93bnjr.1" in manifest.attribution
    assert "CC BY 4.0" in manifest.attribution
    assert "patient" in manifest.training.caveat


def test_an_unknown_bundle_names_the_shipped_ones() -> None:
    with pytest.raises(BundleError, match="cnn"):
        open_bundle("nothing")
