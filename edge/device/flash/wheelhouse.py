"""Make a wheelhouse: every wheel a board needs, hashed, from the lock file."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from edge.device.flash.lock_file import BoardSystem, pins_for
from edge.device.flash.platform_tags import platform_tags
from edge.update.wheelhouse_folder import MANIFEST, REQUIREMENTS, Wheelhouse
from hemalens.errors import ConfigError, StorageError
from hemalens.files import sha256_of, write_whole


def make_wheelhouse(
    folder: Path, system: BoardSystem, lock: Path, own_wheel: Path
) -> Wheelhouse:
    """Fill an empty folder with a board's wheels.

    Parameters
    ----------
    folder : Path
        New, or empty.
    lock : Path
        Of which extra: such as ``requirements/edge.txt``.
    own_wheel : Path
        HemaLens's own.

    Raises
    ------
    ConfigError
        When the folder holds something, or a wheel cannot be had for this board.
    StorageError
        When the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} holds something already: choose a new folder")
    pins = pins_for(lock, system)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as unfinished:
            filled = Path(unfinished) / folder.name
            made = _fill(filled, system, pins, own_wheel, lock.name)
            filled.rename(folder)
    except OSError as error:
        raise StorageError(f"cannot write {folder}: {error.strerror}") from error
    return made


def _fill(
    folder: Path,
    system: BoardSystem,
    pins: tuple[str, ...],
    own_wheel: Path,
    lock_name: str,
) -> Wheelhouse:
    own = write_own_wheel(folder, own_wheel)
    _download(folder, system, pins)
    requirements = "\n".join([*pins, own]) + "\n"
    write_whole(folder / REQUIREMENTS, requirements.encode())
    names = sorted(path.name for path in folder.iterdir())
    made = Wheelhouse(
        hemalens_version=own_wheel.name.split("-")[1],
        python=system.python,
        architecture=system.architecture,
        lock=lock_name,
        sha256={name: sha256_of(folder / name) for name in names},
    )
    write_whole(folder / MANIFEST, made.model_dump_json(indent=2).encode() + b"\n")
    return made


def write_own_wheel(folder: Path, wheel: Path) -> str:
    """Copy HemaLens's own wheel into a wheelhouse.

    Returns
    -------
    str
        Its requirement, with its hash.

    Raises
    ------
    ConfigError
        When it is no wheel of HemaLens.
    """
    name, version, *rest = [*wheel.name.split("-"), ""]
    if name != "hemalens" or not rest or wheel.suffix != ".whl":
        raise ConfigError(f"{wheel} is no wheel of HemaLens: 'pip wheel --no-deps .'")
    try:
        content = wheel.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {wheel}: {error.strerror}") from error
    write_whole(folder / wheel.name, content)
    return f"hemalens=={version} --hash=sha256:{hashlib.sha256(content).hexdigest()}"


def build_own_wheel(source: Path, folder: Path) -> Path:
    """Build HemaLens's wheel from its source tree.

    Raises
    ------
    ConfigError
        When there is no source tree, or it cannot be built.
    """
    if not (source / "pyproject.toml").is_file():
        raise ConfigError(f"{source} is no source tree of HemaLens: give --wheel FILE")
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("hemalens-*.whl"))


def _download(folder: Path, system: BoardSystem, pins: tuple[str, ...]) -> None:
    platforms = [part for tag in platform_tags(system) for part in ("--platform", tag)]
    abis = (f"cp{system.python.replace('.', '')}", "abi3", "none")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(pins))
        file.flush()
        _pip(
            *("download", "--quiet", "--only-binary", ":all:", "--no-deps"),
            *("--require-hashes", "--requirement", file.name, "--dest", str(folder)),
            *("--implementation", "cp", "--python-version", system.python),
            *(part for abi in abis for part in ("--abi", abi)),
            *platforms,
        )


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if "ERROR" in line]
        said = (errors or done.stderr.strip().splitlines() or ["it did not say why"])[
            -1
        ]
        raise ConfigError(
            f"pip {arguments[0]} failed ({said.removeprefix('ERROR: ')}): the lock and "
            "the board's Python and architecture must go together, and the index must "
            "be reachable"
        )
