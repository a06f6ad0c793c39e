import hashlib
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.bundles import open_bundle, shipped_bundles
from hemalens.bundle import (
    Bundle,
    EvidenceFiles,
    bundle_bytes,
    parse_bundle,
    read_bundle,
)
from hemalens.classifier import BundleClassifier
from hemalens.errors import BundleError
from hemalens.golden_vectors import GoldenVectors
from hemalens.likeness import Likeness
from hemalens.made_with import made_with
from hemalens.manifest import Manifest
from hemalens.trained_images import TrainedImages
from tests.hemalens.made_bundle import Parts, made_parts, named
from tests.hemalens.signing import signer_of
from tests.hemalens.zip_members import Member, members_of, packed, with_sums

REQUIRED: Final = (
    "SHA256SUMS",
    "manifest.json",
    "model.tflite",
    "golden_inputs.npy",
    "golden_outputs.npy",
)
EVIDENCE: Final = EvidenceFiles(report=b'{"passed": true}\n', model_card="# Made µ\n")
EMBEDDINGS: Final = "golden_embeddings.npy"
TRAINED: Final = TrainedImages(["5" * 64])
WHOLE: Final = replace(
    made_parts(EVIDENCE, dimensions=3), trained_images=TRAINED
).packed(signer_of(Ed25519PrivateKey.generate()))
"""A bundle with every member there is."""

properties = settings(deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return open_bundle("cnn")


def changed(content: bytes, change: dict[str, bytes | None]) -> bytes:
    """Replace, add or (None) remove members; every digest is computed anew."""
    parts = {one.name: one.content for one in members_of(content)} | change
    return packed(
        with_sums(
            Member(name=name, content=part)
            for name, part in parts.items()
            if part is not None
        )
    )


def refused(content: bytes) -> str:
    with pytest.raises(BundleError) as error:
        parse_bundle(content)
    return str(error.value)


# What is packed is read.


@st.composite
def parts(draw: st.DrawFn) -> Parts:
    size, golden = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
    classes = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    codes = st.binary(min_size=golden * size**2 * 3, max_size=golden * size**2 * 3)
    report = draw(st.none() | st.binary(max_size=60))
    dimensions = draw(st.integers(0, 4))
    start = made_parts(dimensions=dimensions).manifest
    return Parts(
        manifest=start.model_copy(
            update={
                "classes": tuple(classes),
                "input": start.input.model_copy(update={"size_px": size}),
                "attribution": draw(names),
                "evidence": named(report) if report is not None else None,
            }
        ),
        model=draw(st.binary(max_size=200)),
        golden=GoldenVectors(
            inputs=np.frombuffer(draw(codes), np.uint8).reshape(golden, size, size, 3),
            outputs=np.zeros((golden, len(classes)), np.uint8),
            embeddings=np.full((golden, dimensions), 7, np.uint8)
            if dimensions
            else None,
        ),
        evidence=(
            EvidenceFiles(report=report, model_card=draw(names))
            if report is not None
            else None
        ),
    )


@properties
@given(parts(), st.booleans())
def test_what_is_packed_is_read_and_packs_again_to_the_same_bytes(
    made: Parts, with_signature: bool
) -> None:
    key = Ed25519PrivateKey.generate()
    content = made.packed(signer_of(key) if with_signature else None)
    read = parse_bundle(content)
    assert read.manifest == made.manifest
    assert read.model == made.model
    assert np.array_equal(read.golden.inputs, made.golden.inputs)
    assert np.array_equal(read.golden.outputs, made.golden.outputs)
    assert (read.golden.embeddings is None) == (made.golden.embeddings is None)
    if read.golden.embeddings is not None:
        assert np.array_equal(read.golden.embeddings, made.golden.embeddings)
    assert read.evidence == made.evidence
    assert (read.signature is not None) == with_signature
    assert read.sha256 == hashlib.sha256(content).hexdigest()
    again = bundle_bytes(
        read.manifest,
        read.model,
        read.golden,
        read.evidence,
        signer_of(key) if with_signature else None,
    )
    assert again == content


@pytest.mark.parametrize("name", shipped_bundles())
def test_a_shipped_bundle_packs_again_to_what_is_read_as_the_same(name: str) -> None:
    first = open_bundle(name)
    again = parse_bundle(
        bundle_bytes(first.manifest, first.model, first.golden, first.evidence)
    )
    assert again.manifest == first.manifest
    assert again.model == first.model
    assert np.array_equal(again.golden.inputs, first.golden.inputs)
    assert again.evidence == first.evidence


def test_a_bundle_is_a_zip_that_anyone_can_open() -> None:
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.testzip() is None
        sums = archive.read("SHA256SUMS").decode().splitlines()
        for line in sums:
            digest, name = line.split("  ")
            assert digest == hashlib.sha256(archive.read(name)).hexdigest()
    assert len(sums) == len(archive.namelist()) - 2


def test_arrays_of_a_read_bundle_cannot_be_changed() -> None:
    golden = parse_bundle(WHOLE).golden
    with pytest.raises(ValueError, match="read-only"):
        golden.inputs[0] = 0


# No other bytes are.


def test_no_flipped_bit_anywhere_is_accepted() -> None:
    for place in range(len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(BundleError):
            parse_bundle(bytes(damaged))


PLACES = st.integers(0, len(WHOLE) - 1)


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    first, second = sorted((draw(PLACES), draw(PLACES)))
    between, after = WHOLE[first:second], WHOLE[second:]
    inserted = draw(st.binary(min_size=1, max_size=40))
    return draw(
        st.sampled_from(
            (
                WHOLE[:first] + inserted + WHOLE[first + len(inserted) :],
                WHOLE[:first] + inserted + WHOLE[first:],
                WHOLE[:first] + after,
                WHOLE[:first] + between[::-1] + after,
                WHOLE[:first] + between + between + after,
                after + WHOLE[:second],
                WHOLE[:first],
                WHOLE[second:],
                WHOLE + inserted,
                inserted + WHOLE,
            )
        )
    )


@settings(deadline=None, max_examples=300)
@given(altered())
def test_no_altered_file_is_accepted_or_crashes(content: bytes) -> None:
    assume(content != WHOLE)
    refused(content)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400), st.booleans())
def test_no_garbage_is_accepted_or_crashes(garbage: bytes, like_a_zip: bool) -> None:
    refused(b"PK\x03\x04" + garbage if like_a_zip else garbage)


def test_every_shorter_file_is_refused() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(BundleError):
            parse_bundle(WHOLE[:length])


def test_a_file_that_breaks_off_is_to_be_fetched_again() -> None:
    assert "fetch it again" in refused(WHOLE[: len(WHOLE) // 2])
    assert "fetch it again" in refused(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repacking:
    """The same members in a zip of another form; its digests all fit."""

    name: str
    pack: Callable[[list[Member]], bytes]
    says: str


def doubled(members: list[Member]) -> bytes:
    return packed([*members, members[1]])


def shadowed(members: list[Member]) -> bytes:
    return packed([replace(members[2], content=b"other"), *members])


def with_descriptors(members: list[Member]) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    return packed(members, Pipe())


REPACKINGS = (
    Repacking(name="a member twice", pack=doubled, says="do not belong: 'manifest"),
    Repacking(name="a member shadowed", pack=shadowed, says="do not belong: 'model"),
    Repacking(
        name="in another order",
        pack=lambda members: packed(members[::-1]),
        says="not as it was packed",
    ),
    Repacking(
        name="two members changed places",
        pack=lambda members: packed([*members[:3], members[4], members[3]]),
        says="not as it was packed",
    ),
    Repacking(
        name="with a comment on the zip",
        pack=lambda members: packed(members, comment=b"hello"),
        says="not as it was packed",
    ),
    Repacking(
        name="with a comment on a member",
        pack=lambda members: packed(
            [*members[:-1], replace(members[-1], comment=b"hello")]
        ),
        says="not as it was packed",
    ),
    Repacking(
        name="with an extra field",
        pack=lambda members: packed(
            [*members[:-1], replace(members[-1], extra=b"\xfe\xca\x00\x00")]
        ),
        says="not as it was packed",
    ),
    Repacking(
        name="at another time",
        pack=lambda members: packed(
            [replace(one, time=(2026, 1, 1, 0, 0, 0)) for one in members]
        ),
        says="not as it was packed",
    ),
    Repacking(
        name="from a pipe, sizes after the members",
        pack=with_descriptors,
        says="members are missing",
    ),
    Repacking(
        name="compressed",
        pack=lambda members: packed(
            [replace(one, method=zipfile.ZIP_DEFLATED) for one in members]
        ),
        says="'SHA256SUMS' is compressed",
    ),
)


def test_the_same_members_packed_as_they_were_are_accepted() -> None:
    """The repackings below are refused for their form alone."""
    content = made_parts().packed()
    assert packed(members_of(content)) == content
    assert changed(content, {}) == content


@pytest.mark.parametrize("case", REPACKINGS, ids=lambda case: case.name)
def test_the_same_members_in_another_form_are_refused(case: Repacking) -> None:
    assert case.says in refused(case.pack(members_of(made_parts().packed())))


# Members: none missing, none added, none too large.


@pytest.mark.parametrize("member", REQUIRED)
def test_one_flipped_bit_in_any_member_is_refused(member: str) -> None:
    parts = {one.name: one for one in members_of(made_parts().packed())}
    content = parts[member].content
    part = bytes([content[0] ^ 1]) + content[1:]
    parts[member] = replace(parts[member], content=part)
    with pytest.raises(BundleError, match="altered or damaged"):
        parse_bundle(packed(parts.values()))


@pytest.mark.parametrize("member", REQUIRED)
def test_a_missing_member_is_named(member: str) -> None:
    members = [one for one in members_of(made_parts().packed()) if one.name != member]
    assert f"missing: {member}" in refused(packed(members))


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "../evil",
        "../manifest.json",
        "./manifest.json",
        "/manifest.json",
        "/etc/passwd",
        "..\\manifest.json",
        "C:\\manifest.json",
        "manifest.json/",
        "Manifest.json",
        "manifest.json ",
        "mаnifest.json",  # noqa: RUF001  # a Cyrillic a
        "manifest\u2024json",
        "ｍanifest.json",  # noqa: RUF001  # a wide m
        "manifest.json\u200b",
        "x" * 60_000,
        "",
    ],
)
def test_an_added_member_is_refused(name: str) -> None:
    members = members_of(made_parts().packed())
    said = refused(packed([*members, Member(name=name, content=b"x")]))
    assert "do not belong" in said
    assert said.isascii()
    assert len(said) < 1_000


def test_a_name_that_ends_early_for_others_is_refused() -> None:
    # The zipfile module cuts names at NUL when it writes.
    longer = changed(made_parts().packed(), {"model.tflite~evil": b"x"})
    said = refused(longer.replace(b"model.tflite~evil", b"model.tflite\0evil"))
    assert r"'model.tflite\x00evil'" in said


def test_a_name_that_is_no_text_is_refused() -> None:
    longer = changed(made_parts().packed(), {"abc": b"x"})
    assert "do not belong" in refused(longer.replace(b"abc", b"\xff\xfe\xfd"))


@pytest.mark.parametrize(
    ("member", "size"),
    [
        ("SHA256SUMS", 4_097),
        ("signature.json", 4_097),
        ("manifest.json", 262_145),
        ("golden_outputs.npy", 1_048_577),
        ("validation.json", 4_194_305),
        ("model_card.md", 262_145),
    ],
)
def test_an_oversized_member_is_refused(member: str, size: int) -> None:
    members = [one for one in members_of(WHOLE) if one.name != member]
    added = Member(name=member, content=b" " * size)
    assert f"{member} is too large: {size} B" in refused(packed([added, *members]))


def header(name: str, size: int, compressed: int, method: int = 0) -> bytes:
    """Write a zip's header before a member as a liar would."""
    fields = (20, 0, method, 0, 33, 0, compressed, size, len(name), 0)
    return struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + name.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bomb:
    """A small file that asks for much."""

    name: str
    content: bytes
    says: str


def deflated(size: int) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        for name in REQUIRED:
            writer.writestr(name, bytes(size))
    return archive.getvalue()


BOMBS = (
    Bomb(
        name="a header that claims four gigabytes",
        content=header("model.tflite", 2**32 - 2, 2**32 - 2),
        says="model.tflite is too large: 4294967294 B",
    ),
    Bomb(
        name="a header that claims all a model may have",
        content=header("model.tflite", 67_108_864, 67_108_864) + b"x" * 100,
        says="it breaks off",
    ),
    Bomb(
        name="a size behind the header, as zip64",
        content=header("model.tflite", 2**32 - 1, 2**32 - 1) + b"x" * 100,
        says="model.tflite is too large",
    ),
    Bomb(name="deflated zeros", content=deflated(4_000_000), says="is compressed"),
    Bomb(
        name="another method",
        content=header("manifest.json", 100, 100, zipfile.ZIP_LZMA) + bytes(100),
        says="is compressed",
    ),
    Bomb(
        name="a hundred thousand members of one name",
        content=header("manifest.json", 0, 0) * 100_000,
        says="do not belong: 'manifest.json'",
    ),
)


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_a_bomb_is_refused_before_it_is_unpacked(bomb: Bomb) -> None:
    tracemalloc.start()
    try:
        said = refused(bomb.content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert bomb.says in said
    assert peak < 1_000_000


def test_a_directory_of_a_million_entries_is_not_read() -> None:
    """Each of its entries would be an object of the zipfile module's."""
    content = made_parts().packed()
    entry = b"PK\x01\x02" + bytes(42)
    assert "not as it was packed" in refused(content[:-22] + entry * 1_000_000)


def test_an_oversized_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.hemalens"
    with path.open("wb") as file:
        file.truncate(200_000_000)

    def read(*_: object) -> bytes:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(Path, "open", read)
    monkeypatch.setattr(Path, "read_bytes", read)
    with pytest.raises(BundleError, match=r"large\.hemalens: larger than any bundle"):
        read_bundle(path)


def test_a_file_without_an_end_is_refused() -> None:
    with pytest.raises(BundleError, match="larger than any bundle"):
        read_bundle(Path("/dev/zero"))


@pytest.mark.parametrize("name", ["absent.hemalens", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="cannot read bundle"):
        read_bundle(tmp_path / name)


# Manifest, evidence and golden vectors, by someone who computes the digests anew.


@pytest.mark.parametrize("member", ["validation.json", "model_card.md"])
def test_half_of_the_evidence_is_refused(member: str) -> None:
    other = {"validation.json": "model_card.md", "model_card.md": "validation.json"}
    said = refused(changed(made_parts(EVIDENCE).packed(), {member: None}))
    assert f"{other[member]} stands alone" in said


def test_a_manifest_that_names_another_report_is_refused() -> None:
    made = made_parts(EVIDENCE)
    other = {"validation.json": b'{"passed": true} \n'}
    assert "names the report" in refused(changed(made.packed(), other))
    with pytest.raises(BundleError, match="names the report"):
        replace(made, evidence=EvidenceFiles(report=b"{}", model_card="")).packed()


def test_a_manifest_that_names_a_report_needs_it_and_the_other_way_round() -> None:
    with pytest.raises(BundleError, match="names the report"):
        replace(made_parts(EVIDENCE), evidence=None).packed()
    with pytest.raises(BundleError, match="names the report None"):
        replace(made_parts(), evidence=EVIDENCE).packed()


def test_a_model_card_that_is_no_text_is_refused() -> None:
    content = made_parts(EVIDENCE).packed()
    assert "utf-8" in refused(changed(content, {"model_card.md": b"\xff"}))


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        (
            '"golden_tolerance_codes"',
            '"golden_tolerance_code"',
            "golden_tolerance_code",
        ),
        ('"temperature"', '"temprature"', "thresholds.temprature: Extra inputs"),
        ('"size_px": 8', '"size_px": 0', "input.size_px"),
        ('"size_px": 8', '"size_px": NaN', "manifest.json"),
        ('"temperature": 1.3', '"temperature": 0', "thresholds.temperature"),
        ('"temperature": 1.3', '"temperature": 1e999', "thresholds.temperature"),
        ('"manifest_version": 1', '"manifest_version": 2', "manifest_version"),
        ('"basophil"', '"platelet"', "a class is named twice"),
        ('"at_least": "2.1"', '"at_least": "2.x"', "runtimes.0.at_least"),
        ("{", "[", "manifest.json"),
    ],
)
def test_a_manifest_that_is_not_of_the_form_is_refused_by_name(
    right: str, wrong: str, says: str
) -> None:
    content = made_parts().packed()
    manifest = next(one for one in members_of(content) if one.name == "manifest.json")
    assert right in manifest.content.decode()
    broken = manifest.content.decode().replace(right, wrong, 1).encode()
    said = refused(changed(content, {"manifest.json": broken}))
    assert says in said
    assert "\n" not in said


def test_a_deeply_nested_manifest_is_refused() -> None:
    content = changed(made_parts().packed(), {"manifest.json": b"[" * 200_000})
    assert "manifest.json" in refused(content)


@properties
@given(
    st.floats(1e-6, 100),
    st.floats(0, 1),
    st.lists(st.text(max_size=9), min_size=2, max_size=6, unique=True),
    st.integers(0, 8),
)
def test_a_manifest_is_read_as_it_was_written(
    temperature: float, threshold: float, classes: list[str], tolerance: int
) -> None:
    start = made_parts(EVIDENCE).manifest
    manifest = start.model_copy(
        update={
            "classes": tuple(classes),
            "golden_tolerance_codes": tolerance,
            "thresholds": start.thresholds.model_copy(
                update={"temperature": temperature, "minimum_probability": threshold}
            ),
        }
    )
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def npy_header(shape: str, descr: str = "'|u1'", fortran: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


@pytest.mark.parametrize(
    "content",
    [
        npy(npy_header("(2, 8, 8, 3)"), b"too short"),
        npy(npy_header("(2, 8, 8, 3)"), bytes(385)),
        npy(npy_header("(9999999999999, 8, 8, 3)")),
        npy(npy_header("(999999999, 999999999, 999999999, 3)")),
        npy(npy_header(f"({2**70}, 0)")),
        npy(npy_header("(0, 8, 8, 3)")),
        npy(npy_header("(-2, -8, 8, 3)"), bytes(384)),
        npy(npy_header("(-1, 8, 8, 3)"), bytes(384)),
        npy(npy_header("(True, 8, 8, 3)"), bytes(192)),
        npy(npy_header("(2L, 8, 8, 3)"), bytes(384)),
        npy(npy_header("(384,)"), bytes(384)),
        npy(npy_header("(2, 8, 8, 3)", "'|O'"), bytes(384)),
        npy(npy_header("(2, 8, 8, 3)", "'|i1'"), bytes(384)),
        npy(npy_header("(2, 8, 8, 3)", "[('a', '|u1')]"), bytes(384)),
        npy(npy_header("(2, 8, 8, 3)", fortran="True"), bytes(384)),
        npy(npy_header("__import__('os').getpid()"), bytes(384)),
        npy("-" * 9_000 + "1"),
        npy("(" * 150),
        npy("{[]: 1}"),
        npy(npy_header("(2, 8, 8, 3)"), bytes(384)).replace(b"Y\x01", b"Y\x03"),
        b"\x93NUMPY",
        b"",
    ],
)
def test_golden_vectors_that_are_not_what_they_say_are_refused(content: bytes) -> None:
    bundle = changed(made_parts().packed(), {"golden_inputs.npy": content})
    assert "golden vectors" in refused(bundle)


def test_golden_vectors_whose_header_ends_elsewhere_are_refused() -> None:
    content = bytearray(npy(npy_header("(2, 8, 8, 3)"), bytes(384)))
    content[8] += 1
    bundle = changed(made_parts().packed(), {"golden_inputs.npy": bytes(content)})
    assert "golden vectors" in refused(bundle)


def test_golden_vectors_that_numpy_pads_otherwise_are_read() -> None:
    """Older releases of NumPy leave less room in the header."""
    made = made_parts()
    content = npy(npy_header("(2, 8, 8, 3)"), made.golden.inputs.tobytes())
    read = parse_bundle(changed(made.packed(), {"golden_inputs.npy": content}))
    assert np.array_equal(read.golden.inputs, made.golden.inputs)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [((2, 8, 9, 3), (2, 8)), ((2, 8, 8, 3), (2, 7)), ((2, 9, 9, 3), (2, 8))],
)
def test_golden_vectors_that_do_not_fit_the_manifest_are_refused(
    inputs: Iterable[int], outputs: Iterable[int]
) -> None:
    golden = GoldenVectors(
        inputs=np.zeros(tuple(inputs), np.uint8),
        outputs=np.zeros(tuple(outputs), np.uint8),
    )
    assert "do not fit" in refused(replace(made_parts(), golden=golden).packed())


def test_golden_embeddings_come_with_their_tolerance_and_only_then() -> None:
    held = {one.name: one.content for one in members_of(WHOLE)}[EMBEDDINGS]
    said = refused(changed(made_parts().packed(), {EMBEDDINGS: held}))
    assert said == f"the manifest has no tolerance for {EMBEDDINGS}, which is there"
    content = made_parts(dimensions=3).packed()
    said = refused(changed(content, {EMBEDDINGS: None}))
    assert said == f"the manifest has a tolerance for {EMBEDDINGS}, which is not there"
    with pytest.raises(BundleError, match="has no tolerance"):
        replace(made_parts(), golden=made_parts(dimensions=3).golden).packed()


@pytest.mark.parametrize("shape", ["(1, 3)", "(3,)", "(3, 1)", "(2, 3, 1)"])
def test_golden_embeddings_are_a_row_an_input(shape: str) -> None:
    body = bytes(int(np.prod([int(one) for one in shape[1:-1].split(",") if one])))
    content = changed(
        made_parts(dimensions=3).packed(), {EMBEDDINGS: npy(npy_header(shape), body)}
    )
    assert "golden" in refused(content)


def test_golden_embeddings_have_the_dimensions_of_the_likeness() -> None:
    made = made_parts(dimensions=3)
    likeness = Likeness(centres=((0, 0, 0, 0),), farthest=1, split="x", n=1, unlike=0)
    manifest = made.manifest.model_copy(update={"likeness": likeness})
    with pytest.raises(BundleError) as error:
        replace(made, manifest=manifest).packed()
    assert str(error.value) == (
        f"{EMBEDDINGS} has 3 dimensions, the manifest's likeness 4"
    )


def test_a_bundle_lists_the_files_its_model_was_trained_on() -> None:
    listed = parse_bundle(WHOLE).trained_images
    assert listed is not None
    assert ("5" * 64 in listed, "6" * 64 in listed) == (True, False)
    assert parse_bundle(made_parts().packed()).trained_images is None
    unsigned = replace(made_parts(), trained_images=TRAINED).packed()
    cut = changed(unsigned, {"trained_images.bin": b"1234567"})
    assert "breaks off" in refused(cut)


def test_an_earlier_bundle_keeps_its_bytes_and_so_its_evidence() -> None:
    """What later versions add to a manifest is written where it says something."""
    written = json.loads(made_parts().manifest.model_dump_json())
    assert "converted" not in written
    assert "sessions" not in written["training"]
    with_it = made_parts().manifest.model_copy(update={"converted": made_with()})
    assert Manifest.model_validate_json(with_it.model_dump_json()) == with_it


# What the digests cannot say, the classifier does.


def test_a_model_that_misses_its_golden_vectors_is_refused(shipped: Bundle) -> None:
    golden = GoldenVectors(
        inputs=shipped.golden.inputs, outputs=255 - shipped.golden.outputs
    )
    with pytest.raises(BundleError, match="golden vectors"):
        BundleClassifier(replace(shipped, golden=golden))


def test_a_manifest_of_another_quantization_is_refused(shipped: Bundle) -> None:
    manifest = shipped.manifest.model_copy(
        update={"output": shipped.manifest.input.quantization}
    )
    with pytest.raises(BundleError, match="quantization"):
        BundleClassifier(replace(shipped, manifest=manifest))


def test_a_file_that_is_no_model_is_refused(shipped: Bundle) -> None:
    with pytest.raises(BundleError, match="cannot load the model"):
        BundleClassifier(replace(shipped, model=b"not a flatbuffer" * 10))


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
