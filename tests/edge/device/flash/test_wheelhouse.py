"""A wheelhouse filled by pip itself, from a folder of made wheels in place of PyPI."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge.device.flash.lock_file import BoardSystem
from edge.device.flash.platform_tags import platform_tags
from edge.device.flash.wheelhouse import make_wheelhouse
from edge.update.wheelhouse_folder import read_wheelhouse
from hemalens.errors import ConfigError

BOARD = BoardSystem(python="3.13", architecture="aarch64")
TRIXIE, TOO_NEW, INTEL = (
    f"fast-1.0-cp313-cp313-manylinux_2_{tag}.whl"
    for tag in ("41_aarch64", "42_aarch64", "28_x86_64")
)


def made_wheel(folder: Path, name: str) -> Path:
    """Make a wheel that installs one module."""
    package, version, *_ = name.split("-")
    info = f"{package}-{version}.dist-info"
    tag = name.removesuffix(".whl").split("-", 2)[2]
    members = {
        f"{package}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\n"
        f"Version: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{member},,\n" for member in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / name, "w") as wheel:
        for member, text in members.items():
            wheel.writestr(member, text)
        wheel.writestr(f"{info}/RECORD", record)
    return folder / name


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into, and nowhere else."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return made_wheel(tmp_path, "hemalens-0.1.0-py3-none-any.whl")


def lock_of(folder: Path, *wheels: Path) -> Path:
    lines = []
    for wheel in wheels:
        name, version, *_ = wheel.name.split("-")
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        lines.append(f"{name}=={version} \\\n    --hash=sha256:{sha256}\n")
    (folder / "edge.txt").write_text("".join(lines))
    return folder / "edge.txt"


def test_wheelhouse_is_whole_and_installs_without_a_network(
    tmp_path: Path, index: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = made_wheel(index, "plain-1.0-py3-none-any.whl")
    fast = made_wheel(index, TRIXIE)
    made_wheel(index, INTEL)
    folder = tmp_path / "wheels"
    made = make_wheelhouse(folder, BOARD, lock_of(tmp_path, plain, fast), own)
    assert read_wheelhouse(folder) == made
    assert {plain.name, fast.name, own.name, "requirements.txt"} == set(made.sha256)
    monkeypatch.delenv("PIP_FIND_LINKS")
    target = tmp_path / "installed"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--require-hashes", "--find-links", folder, "--target", target),
            *("--python-version", "3.13", "--only-binary", ":all:"),
            *("--platform", "manylinux_2_41_aarch64"),
            *("-r", folder / "requirements.txt"),
        ],
        check=True,
    )
    assert {"plain.py", "fast.py", "hemalens.py"} <= {p.name for p in target.iterdir()}


@pytest.mark.parametrize("name", [TOO_NEW, INTEL])
def test_wheel_that_the_board_cannot_run_is_no_wheel(
    tmp_path: Path, index: Path, own: Path, name: str
) -> None:
    lock = lock_of(tmp_path, made_wheel(index, name))
    with pytest.raises(ConfigError, match=r"pip download failed .*fast==1\.0"):
        make_wheelhouse(tmp_path / "wheels", BOARD, lock, own)
    assert not (tmp_path / "wheels").exists()


def test_wheel_that_is_not_the_locked_one_is_refused(
    tmp_path: Path, index: Path, own: Path
) -> None:
    wheel = made_wheel(index, "plain-1.0-py3-none-any.whl")
    lock = lock_of(tmp_path, wheel)
    wheel.write_bytes(wheel.read_bytes() + b"altered")
    with pytest.raises(ConfigError, match="pip download failed"):
        make_wheelhouse(tmp_path / "wheels", BOARD, lock, own)


def test_folder_in_use_and_foreign_wheel_are_refused(
    tmp_path: Path, index: Path, own: Path
) -> None:
    lock = lock_of(tmp_path, made_wheel(index, "plain-1.0-py3-none-any.whl"))
    with pytest.raises(ConfigError, match="holds something already"):
        make_wheelhouse(index, BOARD, lock, own)
    foreign = index / "plain-1.0-py3-none-any.whl"
    with pytest.raises(ConfigError, match="no wheel of HemaLens"):
        make_wheelhouse(tmp_path / "wheels", BOARD, lock, foreign)


def test_platforms_are_those_of_the_boards_c_library() -> None:
    bookworm = platform_tags(BoardSystem(python="3.11", architecture="aarch64"))
    assert bookworm[0] == "manylinux_2_36_aarch64"
    assert bookworm[-1] == "manylinux2014_aarch64"
    assert platform_tags(BoardSystem(python="3.11", architecture="armv7l"))[-1] == (
        "linux_armv7l"
    )
