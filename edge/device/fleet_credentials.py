"""What a device shows its broker: files of mode 0600 in one folder, never in a log.

``password``, or ``certificate.pem`` with ``key.pem``; and ``ca.pem``, where the
broker's own authority is not among the system's.
"""

import ssl
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from hemalens.errors import ConfigError

CREDENTIALS: Final = Path("/etc/hemalens/fleet")

PASSWORD: Final = "password"  # noqa: S105  # a file's name
AUTHORITY: Final = "ca.pem"
CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What is in the folder.

    Parameters
    ----------
    password : SecretStr, optional
        Prints as stars.
    authority, certificate, key : Path, optional
        PEM files.
    """

    password: SecretStr | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def tls(self) -> ssl.SSLContext:
        """Make what a connection is secured with; the broker's name is checked.

        Raises
        ------
        ConfigError
            When a file is no certificate or key, or they do not belong together.
        """
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                "the broker's certificates cannot be used "
                f"({error.strerror or type(error).__name__}): give PEM files, a "
                f"{CERTIFICATE} with its {KEY}"
            ) from error
        return context


def read_credentials(folder: Path = CREDENTIALS) -> Credentials:
    """Read what is there; a folder without files is a broker that asks for nothing.

    Raises
    ------
    ConfigError
        When a secret can be read by others, or one of the files is unusable.
    """
    password = _secret(folder / PASSWORD)
    return Credentials(
        password=None if password is None else SecretStr(_first_line(password)),
        authority=_if_there(folder / AUTHORITY),
        certificate=_if_there(folder / CERTIFICATE),
        key=_secret(folder / KEY),
    )


def _secret(path: Path) -> Path | None:
    if _if_there(path) is None:
        return None
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"{path} is secret, and open to others (mode {mode:04o}): chmod 600 {path}"
        )
    return path


def _if_there(path: Path) -> Path | None:
    return path if path.is_file() else None


def _first_line(path: Path) -> str:
    try:
        line = next(iter(path.read_text().splitlines()), "")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {type(error).__name__}") from error
    if not line:
        raise ConfigError(f"{path} has no password in its first line")
    return line
