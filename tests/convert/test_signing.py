"""Keys, signatures, and what no altered bundle gets past."""

import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from convert.cli import convert
from convert.evidence.proven import signed, with_evidence
from convert.signing_key import make_key, read_signer
from edge.bundles import open_bundle
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle, read_bundle
from hemalens.errors import BundleError, ConfigError, HemaLensError, StorageError
from hemalens.signature import TrustedKeys, read_trusted_keys
from tests.convert.evidence.made_report import made_report


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "qa"
    make_key(path)
    return path


@pytest.fixture(scope="module")
def trusted(key: Path) -> TrustedKeys:
    return read_trusted_keys([key.with_name("qa.pub")])


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle that carries a report which passed."""
    shipped = open_bundle("cnn")
    content = bundle_bytes(shipped.manifest, shipped.model[:5_000], shipped.golden)
    small = parse_bundle(content)
    path = tmp_path_factory.mktemp("proven") / "small.hemalens"
    path.write_bytes(with_evidence(small, made_report(small)))
    return path


@pytest.fixture(scope="module")
def content(proven: Path, key: Path) -> bytes:
    return signed(read_bundle(proven), read_signer(key))


def members_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes]) -> bytes:
    """Zip as HemaLens does, the digests put right as a forger would."""
    listed = [n for n in members if n not in ("SHA256SUMS", "signature.json")]
    sums = "".join(
        f"{hashlib.sha256(members[name]).hexdigest()}  {name}\n" for name in listed
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in {**members, "SHA256SUMS": sums.encode()}.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            archive.writestr(info, part)
    return buffer.getvalue()


def test_a_signed_bundle_is_trusted_and_keeps_its_evidence(
    content: bytes, trusted: TrustedKeys, proven: Path
) -> None:
    bundle = parse_bundle(content, trusted)
    assert bundle.evidence == read_bundle(proven).evidence
    assert bundle.evidence is not None
    assert bundle.manifest.evidence is not None
    digest = hashlib.sha256(bundle.evidence.report).hexdigest()
    assert bundle.manifest.evidence.report_sha256 == digest
    assert "qualified" in bundle.evidence.model_card


def test_signing_again_gives_the_same_bytes(
    content: bytes, proven: Path, key: Path
) -> None:
    assert signed(read_bundle(proven), read_signer(key)) == content
    assert packed(members_of(content)) == content


def test_an_unknown_key_is_refused(content: bytes, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    other = read_trusted_keys([tmp_path / "other.pub"])
    with pytest.raises(BundleError, match="unknown key"):
        parse_bundle(content, other)


def test_an_unsigned_bundle_is_refused_where_keys_are_trusted(
    proven: Path, trusted: TrustedKeys
) -> None:
    with pytest.raises(BundleError, match="not signed"):
        read_bundle(proven, trusted)


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "model.tflite", "golden_outputs.npy", "model_card.md"],
)
def test_a_member_altered_with_its_digest_is_refused(
    content: bytes, name: str, trusted: TrustedKeys
) -> None:
    members = members_of(content)
    part = bytearray(members[name])
    place = part.index(b"PBC") if name == "manifest.json" else len(part) // 2
    part[place] ^= 1
    for keys in (trusted, None):
        with pytest.raises(BundleError, match="does not fit"):
            parse_bundle(packed({**members, name: bytes(part)}), keys)


def test_the_report_cannot_be_taken_away(content: bytes) -> None:
    members = members_of(content)
    for name in ("validation.json", "model_card.md"):
        rest = {n: part for n, part in members.items() if n != name}
        with pytest.raises(BundleError, match="stands alone"):
            parse_bundle(packed(rest))
    rest = {
        n: part
        for n, part in members.items()
        if n not in ("validation.json", "model_card.md", "signature.json")
    }
    with pytest.raises(BundleError, match="names the report"):
        parse_bundle(packed(rest))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_mutation_is_accepted_or_crashes(
    content: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(content) - 1))
    change = data.draw(st.sampled_from(["flip", "insert", "delete", "cut", "append"]))
    piece = data.draw(st.binary(min_size=1, max_size=8))
    mutated = {
        "flip": content[:place]
        + bytes([content[place] ^ (piece[0] or 1)])
        + content[place + 1 :],
        "insert": content[:place] + piece + content[place:],
        "delete": content[:place] + content[place + len(piece) :],
        "cut": content[:place],
        "append": content + piece,
    }[change]
    if mutated == content:
        return
    with pytest.raises(BundleError):
        parse_bundle(mutated)


def claiming(content: bytes, name: str, size: int) -> bytes:
    """Make a member's header claim another size."""
    header = re.search(
        rb"PK\x03\x04.{26}" + re.escape(name.encode()), content, re.DOTALL
    )
    assert header is not None
    place = header.start() + 18
    return content[:place] + 2 * size.to_bytes(4, "little") + content[place + 8 :]


def test_a_member_that_claims_gigabytes_is_refused_unread(content: bytes) -> None:
    with pytest.raises(BundleError, match="too large"):
        parse_bundle(claiming(content, "model.tflite", 3_000_000_000))


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(-1, 8)", "(8, 8, 8, 8, 8, 8)"])
def test_a_false_array_header_takes_no_memory(content: bytes, shape: str) -> None:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    text = header.ljust(117).encode() + b"\n"
    false = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)
    members = members_of(content)
    del members["signature.json"]
    with pytest.raises(BundleError, match="golden vectors"):
        parse_bundle(packed({**members, "golden_outputs.npy": false}))


def test_a_file_larger_than_any_bundle_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.hemalens"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)
    with pytest.raises(BundleError, match="larger than any bundle"):
        read_bundle(path)


@pytest.mark.parametrize("passed", [True, False])
def test_only_the_models_own_passed_report_is_signed(
    proven: Path, key: Path, passed: bool
) -> None:
    bundle = read_bundle(proven)
    report = made_report(bundle, passed=passed)
    if passed:
        report = report.model_copy(update={"model_sha256": "0" * 64})
    wanted = "another model" if passed else "has not passed"
    with pytest.raises(BundleError, match=wanted):
        with_evidence(bundle, report)
    shipped: Bundle = open_bundle("cnn")
    with pytest.raises(BundleError, match="no validation report"):
        signed(shipped, read_signer(key))


def test_a_key_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(path)
    before = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StorageError, match="already"):
        make_key(path)
    path.with_name("key.pub").unlink()
    with pytest.raises(StorageError, match="already"):
        make_key(path)
    assert path.read_bytes() == before
    assert not path.with_name("key.pub").exists()


def test_an_encrypted_key_wants_its_passphrase(tmp_path: Path, proven: Path) -> None:
    path = tmp_path / "key"
    make_key(path, "a long passphrase")
    assert b"ENCRYPTED" in path.read_bytes()
    for wrong in (None, "another"):
        with pytest.raises(ConfigError, match="passphrase"):
            read_signer(path, wrong)
    signed(read_bundle(proven), read_signer(path, "a long passphrase"))


@pytest.mark.parametrize("wrong", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, wrong: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(wrong)
    with pytest.raises(HemaLensError, match="key"):
        read_signer(path)
    with pytest.raises(BundleError, match="public key"):
        read_trusted_keys([path])


def test_the_commands_sign_and_verify_without_showing_the_key(
    tmp_path: Path, proven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEMALENS_KEY_PASSPHRASE", "a long passphrase")
    runner, key = CliRunner(), tmp_path / "qa"
    made = runner.invoke(convert, ["make-key", str(key), "--passphrase"])
    assert made.exit_code == 0, made.output
    output = tmp_path / "signed.hemalens"
    run = runner.invoke(
        convert, ["sign", str(proven), "--key", str(key), "--output", str(output)]
    )
    assert run.exit_code == 0, run.output
    checked = runner.invoke(
        convert, ["verify", str(output), "--trusted-key", f"{key}.pub"]
    )
    assert checked.exit_code == 0, checked.output
    assert "nothing altered" in checked.output
    secret = key.read_bytes().splitlines()[1]
    for shown in (made.output, run.output, checked.output):
        assert secret.decode() not in shown
        assert "passphrase" not in shown
    assert secret not in output.read_bytes()
