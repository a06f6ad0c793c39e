"""The gate's terms: fixed in a file, known by their digest, said in the verdict."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from convert.cli import convert
from convert.evidence.gate import GateLimits
from convert.evidence.protocol import (
    GateProtocol,
    changes,
    default_protocol,
    read_protocol,
    stated,
)
from convert.evidence.proven import with_evidence
from hemalens.bundle import parse_bundle
from hemalens.errors import ConfigError, StorageError
from tests.convert.evidence.made_report import made_report
from tests.hemalens.made_bundle import made_parts


def write(output: Path, *options: str) -> Result:
    asked = ["protocol", "--output", str(output), "--set-by", "Ann Lee", *options]
    return CliRunner().invoke(convert, asked)


def test_the_shipped_protocol_has_the_limits_of_the_code() -> None:
    protocol = default_protocol()
    assert protocol.limits == GateLimits()
    assert changes(protocol) == ()
    assert stated(protocol).startswith("under the default protocol (")


def test_a_protocol_is_known_by_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    ran = write(path, "--limit", "margin_points=5", "--signatures", "2")
    assert ran.exit_code == 0, ran.output
    protocol = read_protocol(path)
    assert protocol.digest in ran.output
    assert protocol.limits.margin_points == 5
    assert (protocol.set_by, protocol.signatures) == ("Ann Lee", 2)
    assert changes(protocol) == (
        "margin_points 5 in place of 0.3",
        "other signatures",
    )


def test_a_verdict_under_another_protocol_says_so(tmp_path: Path) -> None:
    write(tmp_path / "own.json", "--limit", "margin_points=5")
    bundle = parse_bundle(made_parts().packed())
    moved = made_report(bundle, protocol=read_protocol(tmp_path / "own.json"))
    assert moved.passed
    assert moved.verdict.startswith("Passed under ANOTHER protocol than the default")
    assert "margin_points 5 in place of 0.3" in moved.verdict
    assert "ANOTHER" not in made_report(bundle).verdict


def test_a_verdict_names_what_was_missed() -> None:
    bundle = parse_bundle(made_parts().packed())
    assert (
        "NOT passed (not met: size_ratio)" in made_report(bundle, passed=False).verdict
    )


def test_a_verdict_on_validation_images_says_so() -> None:
    report = made_report(parse_bundle(made_parts().packed()))
    assert "validation" not in report.verdict
    assert "on validation images, which chose epoch and threshold" in (
        report.model_copy(update={"split": "validation"}).verdict
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"margin_points"', '"margin"', "margin"),
        ("JPEG, quality 60", "rain", "no disturbance rain"),
        ("\n }", "\n}", "is not as"),
    ],
    ids=["a misspelt limit", "an unknown disturbance", "other bytes"],
)
def test_what_is_no_protocol_is_refused(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    path = tmp_path / "own.json"
    path.write_text(default_protocol().content().decode().replace(before, after))
    with pytest.raises(ConfigError, match=says):
        read_protocol(path)


def test_no_protocol_is_written_over(tmp_path: Path) -> None:
    assert write(tmp_path / "own.json").exit_code == 0
    before = (tmp_path / "own.json").read_bytes()
    assert isinstance(write(tmp_path / "own.json").exception, StorageError)
    assert (tmp_path / "own.json").read_bytes() == before


def test_an_unknown_limit_is_refused(tmp_path: Path) -> None:
    ran = write(tmp_path / "own.json", "--limit", "margin=5")
    assert isinstance(ran.exception, ConfigError)
    assert not (tmp_path / "own.json").exists()


def test_evidence_names_its_protocol() -> None:
    bundle = parse_bundle(made_parts().packed())
    evidence = parse_bundle(
        with_evidence(bundle, made_report(bundle))
    ).manifest.evidence
    assert evidence is not None
    assert evidence.protocol_sha256 == default_protocol().digest


def test_protocols_that_differ_in_one_limit_differ_in_their_digest() -> None:
    usual = default_protocol()
    limits = usual.limits.model_copy(update={"least_recall": 0.8})
    other: GateProtocol = usual.model_copy(update={"limits": limits})
    assert other.digest != usual.digest
