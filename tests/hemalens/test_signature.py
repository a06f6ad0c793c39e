import base64
import builtins
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hemalens.bundle import EvidenceFiles, parse_bundle, read_bundle
from hemalens.errors import BundleError, MissingExtraError
from hemalens.signature import (
    CONTEXT,
    Signature,
    TrustedKeys,
    key_id,
    read_trusted_keys,
    verify,
)
from tests.hemalens.made_bundle import made_parts, named
from tests.hemalens.signing import signer_of, trusting
from tests.hemalens.zip_members import members_of, packed, with_sums

KEY: Final = Ed25519PrivateKey.generate()
OTHER_KEY: Final = Ed25519PrivateKey.generate()
EVIDENCE: Final = EvidenceFiles(report=b'{"passed": true}\n', model_card="# Made\n")
SIGNED: Final = made_parts(EVIDENCE).packed(signer_of(KEY))

properties = settings(deadline=None, max_examples=50)


def with_member(content: bytes, name: str, part: bytes) -> bytes:
    """Change a member as a forger does: SHA256SUMS fits again."""
    members = [
        replace(one, content=part) if one.name == name else one
        for one in members_of(content)
    ]
    return packed(with_sums(members))


def with_signature_text(content: bytes, text: bytes) -> bytes:
    return with_member(content, "signature.json", text)


def signature_text(content: bytes) -> bytes:
    return next(
        one for one in members_of(content) if one.name == "signature.json"
    ).content


def test_a_signed_bundle_is_read_by_who_trusts_the_key() -> None:
    read = parse_bundle(SIGNED, trusting(OTHER_KEY, KEY))
    assert read.signature is not None
    assert read.signature.key_id == key_id(KEY.public_key().public_bytes_raw())


def test_without_trusted_keys_signed_and_unsigned_bundles_are_read() -> None:
    assert parse_bundle(SIGNED).signature is not None
    assert parse_bundle(made_parts().packed()).signature is None


def test_a_bundle_of_another_key_is_refused_and_both_keys_are_named() -> None:
    with pytest.raises(BundleError, match="signed by the unknown key") as error:
        parse_bundle(SIGNED, trusting(OTHER_KEY))
    for key in (KEY, OTHER_KEY):
        assert key_id(key.public_key().public_bytes_raw()) in str(error.value)


def test_an_unsigned_bundle_is_refused_where_keys_are_trusted() -> None:
    with pytest.raises(BundleError, match="not signed"):
        parse_bundle(made_parts(EVIDENCE).packed(), trusting(KEY))


def test_a_device_that_trusts_no_key_reads_no_bundle() -> None:
    with pytest.raises(BundleError, match="trusted: none"):
        parse_bundle(SIGNED, TrustedKeys([]))


def test_a_signature_taken_out_makes_the_bundle_unsigned() -> None:
    members = [one for one in members_of(SIGNED) if one.name != "signature.json"]
    with pytest.raises(BundleError, match="not signed"):
        parse_bundle(packed(members), trusting(KEY))


@pytest.mark.parametrize(
    "name",
    [one.name for one in members_of(SIGNED) if one.name != "SHA256SUMS"],
)
def test_no_member_of_a_signed_bundle_can_be_altered(name: str) -> None:
    part = next(one for one in members_of(SIGNED) if one.name == name).content
    forged = with_member(SIGNED, name, part[:-2] + bytes([part[-2] ^ 1]) + part[-1:])
    for trusted in (None, trusting(KEY)):
        with pytest.raises(BundleError, match=r"signature"):
            parse_bundle(forged, trusted)


def test_the_report_of_a_signed_bundle_cannot_be_exchanged() -> None:
    """Neither alone, nor with the digest that the manifest has of it."""
    report = b'{"passed": "very much"}\n'
    alone = with_member(SIGNED, "validation.json", report)
    manifest = made_parts(EVIDENCE).manifest.model_copy(
        update={"evidence": named(report)}
    )
    both = with_member(
        alone, "manifest.json", manifest.model_dump_json(indent=2).encode() + b"\n"
    )
    for forged in (alone, both):
        with pytest.raises(BundleError, match="altered after it was signed"):
            parse_bundle(forged, trusting(KEY))


def test_the_evidence_of_a_signed_bundle_cannot_be_taken_out() -> None:
    names = ("validation.json", "model_card.md")
    left = [one for one in members_of(SIGNED) if one.name not in names]
    with pytest.raises(BundleError, match="altered after it was signed"):
        parse_bundle(packed(with_sums(left)), trusting(KEY))


def test_a_signature_copied_onto_another_bundle_is_refused() -> None:
    other = made_parts(EVIDENCE, model=b"another model").packed(signer_of(OTHER_KEY))
    copied = with_signature_text(other, signature_text(SIGNED))
    with pytest.raises(BundleError, match="altered after it was signed"):
        parse_bundle(copied, trusting(KEY))


def test_a_signature_under_the_name_of_a_trusted_key_is_refused() -> None:
    forged = made_parts(EVIDENCE).packed(signer_of(OTHER_KEY))
    stolen = signature_text(forged).replace(
        OTHER_KEY.public_key().public_bytes_raw().hex().encode(),
        KEY.public_key().public_bytes_raw().hex().encode(),
    )
    with pytest.raises(BundleError, match="altered after it was signed"):
        parse_bundle(with_signature_text(forged, stolen), trusting(KEY))


def test_a_signature_made_for_something_else_is_refused() -> None:
    """The same key signs a message that is the digests of a bundle, without context."""
    sums = members_of(SIGNED)[0].content
    elsewhere = Signature(
        public_key=KEY.public_key().public_bytes_raw().hex(),
        value=base64.b64encode(KEY.sign(sums)).decode(),
    )
    with pytest.raises(BundleError, match="does not fit"):
        verify(elsewhere, sums)
    verify(signer_of(KEY)(sums), sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """The same signature in other bytes."""

    name: str
    rewrite: Callable[[bytes], bytes]


def with_spare_bits(text: bytes) -> bytes:
    """Change the last digit before ``==``: it has four bits that mean nothing."""
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = text.index(b'=="')
    last = digits.index(text[end - 1])
    return text[: end - 1] + digits[last ^ 1 : (last ^ 1) + 1] + text[end:]


REWRITINGS = (
    Rewriting(name="with a space", rewrite=lambda text: text.replace(b":", b": ", 1)),
    Rewriting(name="without its line end", rewrite=bytes.strip),
    Rewriting(name="with a line more", rewrite=lambda text: text + b"\n"),
    Rewriting(
        name="with a key twice",
        rewrite=lambda text: text.replace(b"{", b'{"algorithm":"Ed25519",', 1),
    ),
    Rewriting(
        name="with a key more",
        rewrite=lambda text: text.replace(b"{", b'{"note":"",', 1),
    ),
    Rewriting(
        name="of another algorithm",
        rewrite=lambda text: text.replace(b"Ed25519", b"none"),
    ),
    Rewriting(name="with other spare bits", rewrite=with_spare_bits),
    Rewriting(name="without padding", rewrite=lambda text: text.replace(b"==", b"")),
    Rewriting(name="empty", rewrite=lambda text: b""),
    Rewriting(name="no text", rewrite=lambda text: b"\xff"),
    Rewriting(name="a name for a value", rewrite=lambda text: b'"Ed25519"\n'),
)


@pytest.mark.parametrize("case", REWRITINGS, ids=lambda case: case.name)
def test_a_signature_in_other_bytes_is_refused(case: Rewriting) -> None:
    text = signature_text(SIGNED)
    assert case.rewrite(text) != text
    with pytest.raises(BundleError, match="signature"):
        parse_bundle(with_signature_text(SIGNED, case.rewrite(text)))


def test_a_rewritten_zip_around_the_same_signature_is_the_same_bundle() -> None:
    """The rewritings above are refused for what they change alone."""
    assert with_signature_text(SIGNED, signature_text(SIGNED)) == SIGNED


@properties
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_fits_the_signed_message_alone(signed: bytes, other: bytes) -> None:
    signature = signer_of(KEY)(signed)
    verify(signature, signed)
    if other != signed:
        with pytest.raises(BundleError, match="does not fit"):
            verify(signature, other)


@properties
@given(
    st.text(st.characters(max_codepoint=127), max_size=88)
    | st.binary(max_size=66).map(lambda value: base64.b64encode(value).decode()[:88]),
    st.sampled_from((KEY.public_key().public_bytes_raw().hex(), "0" * 64, "f" * 64)),
)
def test_no_made_up_signature_fits_or_crashes(value: str, public_key: str) -> None:
    with pytest.raises(BundleError):
        verify(Signature(public_key=public_key, value=value), b"message")


def write_public(path: Path, key: Ed25519PrivateKey) -> Path:
    path.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return path


def test_trusted_keys_are_read_from_files(tmp_path: Path) -> None:
    paths = [
        write_public(tmp_path / f"{index}.pub", key)
        for index, key in enumerate((OTHER_KEY, KEY))
    ]
    bundle = tmp_path / "signed.hemalens"
    bundle.write_bytes(SIGNED)
    assert read_bundle(bundle, read_trusted_keys(paths)).signature is not None
    with pytest.raises(BundleError, match=r"signed\.hemalens: signed by the unknown"):
        read_bundle(bundle, read_trusted_keys(paths[:1]))


def test_a_file_that_is_no_public_key_is_named(tmp_path: Path) -> None:
    elliptic = generate_private_key(SECP256R1()).public_key()
    contents = {
        "garbage": b"no key",
        "empty": b"",
        "elliptic": elliptic.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BundleError, match=rf"{name} is no Ed25519 public key"):
            read_trusted_keys([tmp_path / name])
    with pytest.raises(BundleError, match=r"cannot read the key .*absent"):
        read_trusted_keys([tmp_path / "absent"])


def test_a_device_without_cryptography_reads_unsigned_bundles_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.partition(".")[0] == "cryptography":
            raise ImportError(name)
        return imported(name, *rest)  # type: ignore[arg-type]  # passed on as given

    monkeypatch.setattr(builtins, "__import__", without)
    assert parse_bundle(made_parts().packed()).signature is None
    with pytest.raises(MissingExtraError, match=r"hemalens\[edge\]"):
        parse_bundle(SIGNED)


def test_what_is_signed_begins_with_its_purpose() -> None:
    sums = members_of(SIGNED)[0].content
    signature = Signature.model_validate_json(signature_text(SIGNED))
    KEY.public_key().verify(base64.b64decode(signature.value), CONTEXT + sums)
    assert b"HemaLens" in CONTEXT
