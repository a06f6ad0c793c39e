"""How the station is served."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.records.population import Population
from hemalens.errors import ConfigError

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSettings:
    """How the station is served.

    Parameters
    ----------
    source : str
        What is counted.
    data : Path
        All that the station keeps.
    host, port : str, int
        Where it listens.
    bundle : str
        A shipped bundle's name or a file.
    trusted_keys : tuple of Path
        Where given, one of these must have signed a bundle that does not ship.
    population : Population
        Offered first for a new sample.
    certificate, key : Path, optional
        TLS, both or neither.
    proxy : str
        The address whose ``X-Forwarded-For`` is believed; nobody's by default.
    laboratory : str
        Stands at the head of reports.
    deliver_to : str
        The laboratory system's ``HOST:PORT``; empty keeps messages queued.
    """

    source: str
    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    bundle: str = "mobilenetv2"
    trusted_keys: tuple[Path, ...] = ()
    population: Population = Population.UNRESTRICTED
    certificate: Path | None = None
    key: Path | None = None
    proxy: str = ""
    laboratory: str = ""
    deliver_to: str = ""

    @property
    def is_loopback(self) -> bool:
        """Only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_tls(self) -> bool:
        """Served under TLS."""
        return self.certificate is not None

    def require_safe(self, *, has_accounts: bool) -> None:
        """Refuse to be reached by others without a password or in clear.

        Raises
        ------
        ConfigError
            Saying what is missing.
        """
        self._require_certificate()
        if self.is_loopback:
            return
        if not has_accounts:
            raise ConfigError(
                f"{self.host} is reached by others, and nobody has an account: add one "
                "with 'hemalens station account add'"
            )
        if not self.is_tls:
            raise ConfigError(
                f"{self.host} is reached by others, and passwords would travel in "
                "clear: give --tls-generate, or --tls-certificate and --tls-key"
            )

    def _require_certificate(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("TLS needs a certificate and its key: give both")
        if self.certificate is None:
            return
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise ConfigError(
                f"{self.certificate} and {self.key} are no certificate and its key: "
                f"{error.strerror or error}; give PEM files that belong together"
            ) from error
