from pathlib import Path

import pytest

from edge.device.flash.lock_file import BoardSystem, pins_for
from hemalens.errors import ConfigError

LOCK = """\
# made by a lock tool
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:dd
tflite-runtime==2.14.0 ; platform_machine == 'armv7l' \\
    --hash=sha256:ee
"""


def lock(folder: Path, text: str = LOCK) -> Path:
    (folder / "edge.txt").write_text(text)
    return folder / "edge.txt"


@pytest.mark.parametrize(
    ("system", "pins"),
    [
        (
            BoardSystem(python="3.11", architecture="aarch64"),
            ("numpy==2.4.6 --hash=sha256:aa --hash=sha256:bb",),
        ),
        (
            BoardSystem(python="3.13", architecture="armv7l"),
            (
                "numpy==2.5.5 --hash=sha256:cc",
                "tflite-runtime==2.14.0 --hash=sha256:ee",
            ),
        ),
    ],
    ids=["Bookworm", "Trixie, 32 bits"],
)
def test_pins_are_those_of_the_board_not_of_this_python(
    tmp_path: Path, system: BoardSystem, pins: tuple[str, ...]
) -> None:
    assert pins_for(lock(tmp_path), system) == pins


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("numpy==2.4.6\n", "numpy==2.4.6 has no hash"),
        ("-r other.txt --hash=sha256:aa\n", "is no requirement"),
    ],
)
def test_lock_that_cannot_be_trusted_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    system = BoardSystem(python="3.13", architecture="aarch64")
    with pytest.raises(ConfigError, match=said):
        pins_for(lock(tmp_path, text), system)


def test_missing_lock_is_named(tmp_path: Path) -> None:
    system = BoardSystem(python="3.13", architecture="aarch64")
    with pytest.raises(ConfigError, match=r"cannot read the lock .*gone\.txt"):
        pins_for(tmp_path / "gone.txt", system)
