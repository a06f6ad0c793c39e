"""Keys, signing and verifying, as QA does it: with the commands."""

import base64
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from convert import signing_key
from convert.evidence.protocol import read_protocol
from convert.evidence.proven import signed, with_evidence
from convert.signing_cli import PASSPHRASE
from convert.signing_key import is_encrypted, make_key, read_signer
from edge.update.wheelhouse_signature import require_signature
from hemalens.bundle import EvidenceFiles, bundle_bytes, parse_bundle, read_bundle
from hemalens.cli import main
from hemalens.errors import BundleError, ConfigError, StorageError
from hemalens.signature import Statement, countersigned, read_trusted_keys
from hemalens.signature import verify as verify_signature
from tests.convert.evidence.made_report import made_report
from tests.edge.update.made_wheelhouse import make_wheelhouse
from tests.hemalens.made_bundle import made_parts
from tests.hemalens.signing import signer_of

KEY_WORD = "correct horse"
WHO = ("--name", "Ann Lee", "--role", "QA", "--reason", "release 1.2.3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left."""

    exit_code: int
    stdout: str
    stderr: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``hemalens convert`` in this process, as a person would."""

    def hemalens(*arguments: str | Path) -> Ran:
        words = ["hemalens", "convert", *map(str, arguments)]
        monkeypatch.setattr(sys, "argv", words)
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 0
        out, err = capsys.readouterr()
        return Ran(exit_code=code, stdout=out, stderr=err)

    return hemalens


def refusal(ran: Ran) -> str:
    """Give the one line of a command that failed."""
    assert ran.exit_code == 1
    assert ran.stdout == ""
    assert ran.stderr.startswith("hemalens: ")
    assert ran.stderr.count("\n") == 1
    return ran.stderr


@pytest.fixture
def passphrase(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(PASSPHRASE, KEY_WORD)
    return KEY_WORD


@pytest.fixture(autouse=True)
def _no_passphrase_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE, raising=False)


@pytest.fixture(scope="module")
def proven() -> bytes:
    """Give a bundle that has passed."""
    bundle = parse_bundle(made_parts().packed())
    return with_evidence(bundle, made_report(bundle))


@pytest.fixture
def bundle(tmp_path: Path, proven: bytes) -> Path:
    path = tmp_path / "proven.hemalens"
    path.write_bytes(proven)
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "qa.key"
    make_key(path)
    return path


def secrets_of(path: Path, passphrase: str | None = None) -> tuple[bytes, ...]:
    """Give a private key's bytes in every form they could slip out in."""
    content = path.read_bytes()
    opened = load_pem_private_key(content, passphrase.encode() if passphrase else None)
    assert isinstance(opened, Ed25519PrivateKey)
    raw = opened.private_bytes_raw()
    lines = [one for one in content.splitlines() if b"PRIVATE KEY" not in one]
    return (raw, raw.hex().encode(), base64.b64encode(raw), raw[:16], *lines)


# Keys.


def test_a_new_key_can_be_read_by_its_owner_alone_from_its_first_byte(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    write = os.write

    def watched(descriptor: int, content: bytes) -> int:
        if b"PRIVATE KEY" in bytes(content):
            opened.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", watched)
    before = os.umask(0)
    try:
        made = run("make-key", tmp_path / "keys" / "qa.key")
    finally:
        os.umask(before)
    assert made.exit_code == 0, made.stderr
    assert opened == [0o600]
    path = tmp_path / "keys" / "qa.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(one.name for one in path.parent.iterdir()) == ["qa.key", "qa.key.pub"]


def test_the_fingerprint_said_is_that_of_the_signatures(
    tmp_path: Path, run: Run
) -> None:
    made = run("make-key", tmp_path / "qa.key")
    signature = read_signer(tmp_path / "qa.key")(b"message")
    assert f"key {signature.key_id}" in made.stdout


def test_two_keys_differ(tmp_path: Path) -> None:
    assert make_key(tmp_path / "a") != make_key(tmp_path / "b")


@pytest.mark.parametrize("there", ["qa.key", "qa.key.pub"])
def test_no_key_is_overwritten_and_nothing_new_is_left(
    tmp_path: Path, run: Run, there: str
) -> None:
    (tmp_path / there).write_bytes(b"precious")
    said = refusal(run("make-key", tmp_path / "qa.key"))
    assert f"{there} is there already" in said
    assert [one.name for one in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_bytes() == b"precious"


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "qa.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="is there already"):
        make_key(tmp_path / "qa.key")
    assert not (tmp_path / "elsewhere").exists()
    assert not (tmp_path / "qa.key.pub").exists()


@pytest.mark.parametrize("name", [".", "/", "..", "/dev/full/qa.key"])
def test_a_place_where_no_key_can_be_is_named(run: Run, name: str) -> None:
    assert name in refusal(run("make-key", name))


def test_no_private_key_stays_behind_without_its_public_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise StorageError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(signing_key, "write_whole", full)
    with pytest.raises(StorageError, match="No space"):
        make_key(tmp_path / "qa.key")
    assert list(tmp_path.iterdir()) == []


def test_no_half_of_a_private_key_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot write .*qa\.key: No space"):
        make_key(tmp_path / "qa.key")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_encrypted_when_asked(
    tmp_path: Path, run: Run, passphrase: str
) -> None:
    open_key, locked = tmp_path / "open.key", tmp_path / "locked.key"
    assert run("make-key", open_key).exit_code == 0
    assert run("make-key", "--passphrase", locked).exit_code == 0
    assert not is_encrypted(open_key)
    assert is_encrypted(locked)
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in locked.read_bytes()
    assert stat.S_IMODE(locked.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="password"):
        load_pem_private_key(locked.read_bytes(), b"another")
    load_pem_private_key(locked.read_bytes(), passphrase.encode())


@pytest.mark.parametrize("wrong", ["", "x" * 1_024])
def test_a_passphrase_no_key_can_have_is_refused(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(PASSPHRASE, wrong)
    said = refusal(run("make-key", "--passphrase", tmp_path / "qa.key"))
    assert f"a passphrase has 1 to 1023 B, this one {len(wrong)}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["ünïcode µ", "\udcff\udcfe", "x" * 1_023])
def test_any_passphrase_of_the_environment_works(
    tmp_path: Path, passphrase: str
) -> None:
    made = make_key(tmp_path / "qa.key", passphrase)
    assert read_signer(tmp_path / "qa.key", passphrase)(b"").key_id == made


def test_the_passphrase_is_asked_for_and_not_shown(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    def prompt(text: str, **how: object) -> str:
        asked.append(how)
        return KEY_WORD

    monkeypatch.setattr(click, "prompt", prompt)
    made = run("make-key", "--passphrase", tmp_path / "qa.key")
    assert made.exit_code == 0
    assert KEY_WORD not in made.stdout + made.stderr
    assert asked == [{"hide_input": True, "confirmation_prompt": True, "err": True}]
    assert read_signer(tmp_path / "qa.key", KEY_WORD)(b"").key_id in made.stdout


# Unusable keys.


def test_a_wrong_or_missing_passphrase_is_one_line_without_the_key(
    tmp_path: Path, bundle: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "qa.key"
    make_key(path, KEY_WORD)
    secrets = secrets_of(path, KEY_WORD)
    signing = ("sign", bundle, "--key", path, *WHO)
    signing = (*signing, "--output", tmp_path / "s.hemalens")
    for word, says in (("wrong", "a wrong passphrase"), ("", "needs its passphrase")):
        monkeypatch.setenv(PASSPHRASE, word)
        said = refusal(run(*signing))
        assert says in said
        assert not any(secret in said.encode() for secret in secrets)
    with pytest.raises(ConfigError, match="needs its passphrase"):
        read_signer(path)
    assert not (tmp_path / "s.hemalens").exists()


def test_a_passphrase_for_an_open_key_is_said(key: Path) -> None:
    with pytest.raises(ConfigError, match="has no passphrase"):
        read_signer(key, KEY_WORD)


def test_no_error_holds_anything_of_a_broken_key(key: Path) -> None:
    text = key.read_text()
    secrets = secrets_of(key)
    lines = text.splitlines(keepends=True)
    for broken in (
        text[:60],
        lines[0] + lines[1],
        lines[1],
        "".join((lines[0], lines[1][:-4], "!!!\n", lines[2])),
        "".join((lines[0], lines[1][::-1].strip(), "\n", lines[2])),
        text.replace("PRIVATE KEY", "CERTIFICATE"),
        "",
    ):
        key.write_text(broken)
        with pytest.raises(ConfigError, match="cannot use the key") as error:
            read_signer(key)
        texts = [str(error.value), repr(error.value), str(error.value.__cause__)]
        for secret in secrets:
            assert not any(secret in one.encode() for one in texts)


def test_a_file_that_is_no_ed25519_private_key_is_named(
    tmp_path: Path, key: Path
) -> None:
    other = tmp_path / "elliptic.key"
    other.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
    )
    with pytest.raises(ConfigError, match=r"elliptic\.key is no Ed25519 key"):
        read_signer(other)
    with pytest.raises(ConfigError, match=r"cannot use the key .*qa\.key\.pub"):
        read_signer(tmp_path / "qa.key.pub")
    with pytest.raises(ConfigError, match=r"cannot read the key .*absent"):
        read_signer(tmp_path / "absent")


# Signing and verifying.


def test_a_signed_bundle_is_verified_with_the_public_key(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    output = tmp_path / "signed.hemalens"
    done = run("sign", bundle, "--key", key, "--output", output, *WHO)
    assert done.exit_code == 0, done.stderr
    key_name = read_signer(key)(b"").key_id
    assert f"signed by key {key_name}" in done.stdout
    verified = run("verify", output, "--trusted-key", f"{key}.pub")
    assert verified.exit_code == 0, verified.stderr
    assert f"made 1.2.3, signed by key {key_name} (" in verified.stdout
    assert "), nothing altered" in verified.stdout
    before, after = read_bundle(bundle), read_bundle(output)
    assert (after.manifest, after.model) == (before.manifest, before.model)
    assert after.evidence == before.evidence


def test_one_of_several_trusted_keys_is_enough(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    make_key(tmp_path / "other.key")
    output = tmp_path / "signed.hemalens"
    run("sign", bundle, "--key", key, "--output", output, *WHO)
    other = ("--trusted-key", tmp_path / "other.key.pub")
    assert "unknown key" in refusal(run("verify", output, *other))
    both = run("verify", output, *other, "--trusted-key", f"{key}.pub")
    assert both.exit_code == 0


def test_a_signature_says_who_signed_as_what_why_and_when(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    output = tmp_path / "signed.hemalens"
    done = run("sign", bundle, "--key", key, "--output", output, *WHO)
    verified = run("verify", output, "--trusted-key", f"{key}.pub")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for said in (done.stdout, verified.stdout):
        assert f"(Ann Lee, QA, {today}" in said
        assert "UTC: release 1.2.3)" in said
    assert "under the default protocol" in done.stdout
    content = output.read_bytes()
    assert content.count(b"Ann Lee") == 1
    signature = read_bundle(output).signature
    assert signature is not None
    assert signature.statement is not None
    stated = signature.statement.model_copy(update={"name": "Bob Lee"})
    forged = signature.model_copy(update={"statement": stated})
    with pytest.raises(BundleError, match="altered after it was signed"):
        verify_signature(forged, b"any")


def test_an_altered_statement_does_not_fit(key: Path) -> None:
    statement = Statement(
        name="Ann Lee", role="QA", reason="release", signed_at=datetime.now(UTC)
    )
    signature = read_signer(key, statement=statement)(b"sums")
    verify_signature(signature, b"sums")
    for change in ({"name": "Bob"}, {"role": "CEO"}, {"reason": "haste"}):
        forged = signature.model_copy(
            update={"statement": statement.model_copy(update=change)}
        )
        with pytest.raises(BundleError, match="does not fit"):
            verify_signature(forged, b"sums")
    with pytest.raises(BundleError, match="does not fit"):
        verify_signature(signature.model_copy(update={"statement": None}), b"sums")


def test_the_longest_statements_of_two_persons_fit(
    tmp_path: Path, proven: bytes, key: Path
) -> None:
    longest = Statement(
        name="\U0001f52c" * 80,
        role="\U0001f52c" * 80,
        reason="\U0001f52c" * 200,
        signed_at=datetime.now(UTC),
    )
    make_key(tmp_path / "other.key")
    one = read_signer(key, statement=longest)
    first = one(b"sums")
    two = countersigned(first, read_signer(tmp_path / "other.key", statement=longest))
    assert len(two(b"sums").content()) <= 4096
    verify_signature(two(b"sums"), b"sums")


@pytest.mark.parametrize("name", ["", "Ann\nLee", "x" * 81])
def test_a_name_that_is_none_is_refused(
    tmp_path: Path, bundle: Path, key: Path, run: Run, name: str
) -> None:
    output = tmp_path / "signed.hemalens"
    who = ("--name", name, "--role", "QA", "--reason", "release")
    ran = run("sign", bundle, "--key", key, "--output", output, *who)
    assert "no signature: name" in refusal(ran)
    assert not output.exists()


def test_a_signature_without_a_statement_still_verifies(
    proven: bytes, key: Path
) -> None:
    old = signed(parse_bundle(proven), read_signer(key))
    assert b"statement" not in old
    trusted = read_trusted_keys([Path(f"{key}.pub")])
    assert parse_bundle(old, trusted).signature is not None


def test_a_signature_is_never_replaced(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    make_key(tmp_path / "other.key")
    run("sign", bundle, "--key", key, "--output", bundle, *WHO)
    before = bundle.read_bytes()
    other = ("--key", tmp_path / "other.key")
    said = refusal(run("sign", bundle, *other, "--output", bundle, *WHO))
    assert "it is signed by key" in said
    assert "Ann Lee" in said
    assert bundle.read_bytes() == before


def test_no_signed_bundle_is_written_over(
    tmp_path: Path, bundle: Path, proven: bytes, key: Path, run: Run
) -> None:
    output = tmp_path / "signed.hemalens"
    run("sign", bundle, "--key", key, "--output", output, *WHO)
    before = output.read_bytes()
    said = refusal(run("sign", bundle, "--key", key, "--output", output, *WHO))
    assert "is there already, signed by key" in said
    made = run(
        *("int8", "--model", tmp_path / "best.keras", "--data", tmp_path),
        *("--output", output),
    )
    assert "is there already, signed by key" in refusal(made)
    assert output.read_bytes() == before


def test_two_persons_sign_where_the_protocol_asks(
    tmp_path: Path, key: Path, run: Run
) -> None:
    protocol = tmp_path / "two.json"
    run("protocol", "--output", protocol, "--set-by", "QA", "--signatures", "2")
    bundle = parse_bundle(made_parts().packed())
    report = made_report(bundle, protocol=read_protocol(protocol))
    path = tmp_path / "two.hemalens"
    path.write_bytes(with_evidence(bundle, report))
    make_key(tmp_path / "other.key")
    trusted = [
        *("--trusted-key", f"{key}.pub"),
        *("--trusted-key", tmp_path / "other.key.pub"),
    ]
    terms = ("--output", path, "--protocol", protocol)
    first = run("sign", path, "--key", key, *terms, *WHO)
    assert first.exit_code == 0, first.stderr
    said = refusal(run("verify", path, *trusted))
    assert "asks for 2 signatures, it has 1" in said
    assert "signed it already" in refusal(run("sign", path, "--key", key, *terms, *WHO))
    bob = ("--name", "Bob Roe", "--role", "director", "--reason", "agreed")
    second = run("sign", path, "--key", tmp_path / "other.key", *terms, *bob)
    assert second.exit_code == 0, second.stderr
    verified = run("verify", path, *trusted)
    assert verified.exit_code == 0, verified.stderr
    assert "Ann Lee, QA" in verified.stdout
    assert "Bob Roe, director" in verified.stdout
    assert "unknown key" in refusal(run("verify", path, *trusted[:2]))
    third = run("sign", path, "--key", tmp_path / "other.key", *terms, *bob)
    assert "it is signed by" in refusal(third)


def test_what_was_measured_under_other_terms_is_signed_on_these_terms_alone(
    tmp_path: Path, key: Path, run: Run
) -> None:
    protocol = tmp_path / "moved.json"
    run(
        *("protocol", "--output", protocol, "--set-by", "QA"),
        *("--limit", "margin_points=5"),
    )
    bundle = parse_bundle(made_parts().packed())
    report = made_report(bundle, protocol=read_protocol(protocol))
    path, output = tmp_path / "moved.hemalens", tmp_path / "signed.hemalens"
    path.write_bytes(with_evidence(bundle, report))
    signing = ("sign", path, "--key", key, "--output", output, *WHO)
    said = refusal(run(*signing))
    assert "margin_points 5 in place of 0.3" in said
    assert not output.exists()
    done = run(*signing, "--protocol", protocol)
    assert done.exit_code == 0, done.stderr
    assert "ANOTHER protocol" in done.stdout


def test_evidence_is_of_one_bundle(proven: bytes, key: Path) -> None:
    """Another threshold around the same model needs another validation."""
    bundle = parse_bundle(proven)
    thresholds = bundle.manifest.thresholds.model_copy(
        update={"minimum_probability": 0.5}
    )
    assert bundle.evidence is not None
    changed = bundle_bytes(
        bundle.manifest.model_copy(update={"thresholds": thresholds}),
        *(bundle.model, bundle.golden, bundle.evidence),
    )
    with pytest.raises(BundleError, match="of other thresholds"):
        signed(parse_bundle(changed), read_signer(key))


def test_the_same_key_signs_the_same_bundle_to_the_same_bytes(
    proven: bytes, key: Path
) -> None:
    once, again = (signed(parse_bundle(proven), read_signer(key)) for _ in range(2))
    assert once == again


def test_new_evidence_takes_the_signature_away(proven: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    bundle = parse_bundle(signed(parse_bundle(proven), signer_of(key)))
    again = parse_bundle(with_evidence(bundle, made_report(bundle)))
    assert bundle.signature is not None
    assert again.signature is None


def test_verifying_refuses_an_unsigned_bundle_and_one_altered(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    trusted = ("--trusted-key", f"{key}.pub")
    assert "not signed" in refusal(run("verify", bundle, *trusted))
    output = tmp_path / "signed.hemalens"
    run("sign", bundle, "--key", key, "--output", output, *WHO)
    content = bytearray(output.read_bytes())
    content[len(content) // 2] ^= 1
    output.write_bytes(content)
    assert "no intact bundle" in refusal(run("verify", output, *trusted))
    assert "absent" in refusal(run("verify", tmp_path / "absent", *trusted))


def test_verifying_needs_a_trusted_key(bundle: Path, run: Run) -> None:
    ran = run("verify", bundle)
    assert ran.exit_code == 2
    assert "--trusted-key" in ran.stderr


def test_the_private_key_goes_nowhere(
    tmp_path: Path, bundle: Path, run: Run, passphrase: str
) -> None:
    path, output = tmp_path / "qa.key", tmp_path / "signed.hemalens"
    ran = [
        run("make-key", "--passphrase", path),
        run("sign", bundle, "--key", path, "--output", output, *WHO),
        run("verify", output, "--trusted-key", f"{path}.pub"),
        run("sign", tmp_path / "absent", "--key", path, "--output", output, *WHO),
        run("verify", output, "--trusted-key", path),
    ]
    assert [one.exit_code for one in ran] == [0, 0, 0, 1, 1]
    said = "".join(one.stdout + one.stderr for one in ran).encode()
    places = {"said": said, "bundle": output.read_bytes()}
    places["public key"] = path.with_name("qa.key.pub").read_bytes()
    for secret in (*secrets_of(path, passphrase), passphrase.encode()):
        for name, content in places.items():
            assert secret not in content, name


def test_a_bundle_without_a_report_is_not_signed(
    tmp_path: Path, key: Path, run: Run
) -> None:
    path, output = tmp_path / "bare.hemalens", tmp_path / "signed.hemalens"
    path.write_bytes(made_parts().packed())
    said = refusal(run("sign", path, "--key", key, "--output", output, *WHO))
    assert "carries no validation report" in said
    assert "hemalens convert validate" in said
    assert not output.exists()


def test_neither_is_one_whose_report_is_of_another_model(key: Path) -> None:
    report = made_report(parse_bundle(made_parts(model=b"another").packed()))
    bundle = parse_bundle(made_parts().packed())
    with pytest.raises(BundleError, match="of another model"):
        with_evidence(bundle, report)
    evidence = EvidenceFiles(report=report.content(), model_card="# A card\n")
    slipped_in = parse_bundle(made_parts(evidence).packed())
    with pytest.raises(BundleError, match="of another model"):
        signed(slipped_in, read_signer(key))


def test_nor_one_whose_report_has_not_passed(
    tmp_path: Path, key: Path, run: Run
) -> None:
    bundle = parse_bundle(made_parts().packed())
    report = made_report(bundle, passed=False)
    with pytest.raises(BundleError, match="has not passed"):
        with_evidence(bundle, report)
    evidence = EvidenceFiles(report=report.content(), model_card="# A card\n")
    path, output = tmp_path / "failed.hemalens", tmp_path / "signed.hemalens"
    path.write_bytes(made_parts(evidence).packed())
    said = refusal(run("sign", path, "--key", key, "--output", output, *WHO))
    assert "has not passed" in said
    assert not output.exists()


def test_nor_one_whose_report_cannot_be_read(key: Path) -> None:
    evidence = EvidenceFiles(report=b'{"passed": true}', model_card="# A card\n")
    with pytest.raises(BundleError, match="no report of this version"):
        signed(parse_bundle(made_parts(evidence).packed()), read_signer(key))


def test_an_output_of_another_name_is_refused(
    tmp_path: Path, bundle: Path, key: Path, run: Run
) -> None:
    output = tmp_path / "signed.zip"
    said = refusal(run("sign", bundle, "--key", key, "--output", output, *WHO))
    assert ".hemalens" in said
    assert not output.exists()


def test_signing_needs_no_tensorflow() -> None:
    program = "import sys, convert.evidence.proven; print('tensorflow' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "False\n"


def test_a_wheelhouse_is_signed_for_devices(run: Run, tmp_path: Path) -> None:
    wheelhouse, key = make_wheelhouse(tmp_path / "wheels"), tmp_path / "qa"
    make_key(key, None)
    ran = run("sign-wheelhouse", wheelhouse, "--key", key)
    assert ran.exit_code == 0, ran.stderr
    assert "signed" in ran.stdout
    require_signature(wheelhouse, read_trusted_keys([tmp_path / "qa.pub"]))


def test_a_folder_that_is_no_wheelhouse_is_not_signed(run: Run, tmp_path: Path) -> None:
    key = tmp_path / "qa"
    make_key(key, None)
    ran = run("sign-wheelhouse", tmp_path, "--key", key)
    assert ran.exit_code == 1
    assert "is no wheelhouse" in ran.stderr
    assert not list(tmp_path.glob("*.json"))
