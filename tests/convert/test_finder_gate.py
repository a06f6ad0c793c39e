"""A finder is signed where it finds enough on every microscope."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from convert.finder_facts import finder_facts
from convert.finder_gate import gate_failures, signed_finder
from hemalens.errors import BundleError
from hemalens.finder_bundle import finder_bundle_bytes, parse_finder_bundle
from hemalens.finder_manifest import FinderManifest, MeasuredKind, MeasuredMicroscope
from tests.hemalens.signing import signer_of, trusting
from tests.hemalens.test_finder_bundle import GOLDEN, made_finder_manifest


def _measured(recall: float) -> FinderManifest:
    kind = MeasuredKind(
        kind="white_cell",
        labelled=100,
        found=100,
        recall=recall,
        precision=0.5,
        recall_by_overlap=recall,
        precision_by_overlap=0.5,
        mean_field_error=0.1,
    )
    one = MeasuredMicroscope(name="made", seen=False, fields=3, kinds=(kind,))
    return made_finder_manifest().model_copy(update={"measured": (one,)})


def test_one_that_finds_enough_is_signed() -> None:
    key = Ed25519PrivateKey.generate()
    bundle = parse_finder_bundle(finder_bundle_bytes(_measured(0.95), b"m", GOLDEN))
    content = signed_finder(bundle, signer_of(key))
    assert parse_finder_bundle(content, trusting(key)).model == b"m"
    with pytest.raises(BundleError):
        parse_finder_bundle(content, trusting(Ed25519PrivateKey.generate()))


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (_measured(0.85), r"85\.0 % of the white cells of made are found, wanted 90"),
        (made_finder_manifest(), "no microscope"),
    ],
)
def test_one_that_does_not_is_refused(manifest: FinderManifest, reason: str) -> None:
    bundle = parse_finder_bundle(finder_bundle_bytes(manifest, b"m", GOLDEN))
    with pytest.raises(BundleError, match=reason):
        signed_finder(bundle, signer_of(Ed25519PrivateKey.generate()))
    assert gate_failures(manifest)


def test_a_reader_is_told_what_was_seen_and_whose_work_it_is() -> None:
    facts = finder_facts(_measured(0.95))
    assert "made (unseen, 3 fields): white cells 95.0 % of 100" in facts["finds"]
    assert "MIT" in facts["trained on"]
    assert facts["gate"] == "passed"
