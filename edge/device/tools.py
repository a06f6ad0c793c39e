"""Programs of the operating system that do what they are known for."""

import os
import subprocess
from collections.abc import Mapping

from hemalens.errors import ConfigError


def run_tool(
    *command: str, package: str, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run a program to its end and give what it prints.

    Parameters
    ----------
    *command : str
        The program and its arguments.
    package : str
        The Debian package that has it, for who lacks it.
    environment : mapping of str to str, optional
        Added to this process's.

    Raises
    ------
    ConfigError
        When it is not installed or fails; its last line says why.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"{command[0]} is not installed: sudo apt install {package}"
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise ConfigError(
            f"{command[0]} failed ({said[-1] if said else 'it did not say why'}); "
            f"it was run as: {' '.join(command)}"
        )
    return done.stdout
