import subprocess
from datetime import UTC, datetime
from pathlib import Path

from hemalens.made_with import made_with, package_version, source_revision


def git(folder: Path, *asked: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(("git", "-C", str(folder), *identity, *asked), check=True)


def test_it_says_with_what_where_and_when() -> None:
    before = datetime.now(UTC)
    made = made_with(keras_backend="jax 0.5", accelerators=("Made GPU",))
    assert (made.hemalens, made.keras_backend) == (
        package_version("hemalens"),
        "jax 0.5",
    )
    assert made.machine.endswith("processors, Made GPU")
    assert made.finished_at is None
    finished = made.finished().finished_at
    assert finished is not None
    assert before <= made.started_at <= finished <= datetime.now(UTC)


def test_the_revision_is_the_checkouts_and_says_when_it_was_changed(
    tmp_path: Path,
) -> None:
    assert source_revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("a")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "a")
    clean = source_revision(tmp_path)
    assert clean is not None
    assert len(clean) == 12
    (tmp_path / "a").write_text("b")
    assert source_revision(tmp_path) == f"{clean}-dirty"


def test_a_checkout_without_a_revision_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert source_revision(tmp_path) is None


def test_what_is_not_installed_has_no_version() -> None:
    assert package_version("no-such-package") is None
