"""Our side of MQTT against a real Mosquitto: TLS, credentials, rights, wishes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from edge.device.fleet_credentials import Credentials, read_credentials
from edge.fleet.broker_link import (
    Arrived,
    Connected,
    LinkEvent,
    Lost,
    Party,
    Published,
    Will,
)
from edge.fleet.errors import FleetError
from edge.fleet.mqtt_link import MqttLink
from tests.edge.fleet.real_servers import Mosquitto, mosquitto, needs_mosquitto
from tests.edge.update.made_device import make_device

pytestmark = needs_mosquitto

E = TypeVar("E", bound=LinkEvent)
RULES = """
user bench-1
topic write hemalens/1/device/bench-1/result
topic read hemalens/1/device/bench-1/model
"""


class Authority:
    """Signs certificates for loopback, good for a day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab")])
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(
            self._signed(self._name, self._key.public_key(), ca=True)
        )

    def issue(self, name: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = self._signed(subject, key.public_key(), ca=False)
        (folder / "certificate.pem").write_bytes(signed)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "key.pem").chmod(0o600)
        (folder / "ca.pem").write_bytes(self.certificate.read_bytes())

    def _signed(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        )
        if not ca:
            names = [x509.IPAddress(ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def wait_for(link: MqttLink, kind: type[E]) -> E:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for event in link.events(1.0):
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__} came")


@pytest.fixture
def open_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as broker:
        yield broker


def party(broker: Mosquitto, name: str = "a", will: Will | None = None) -> Party:
    return Party(
        broker=broker.address, credentials=Credentials(), client_id=name, will=will
    )


def test_broker_says_when_nobody_is_to_receive_a_message(
    open_broker: Mosquitto,
) -> None:
    with (
        MqttLink(party(open_broker)) as link,
        MqttLink(party(open_broker, "b")) as hears,
    ):
        wait_for(link, Connected)
        link.publish("x/result", b"1")
        assert not wait_for(link, Published).heard
        wait_for(hears, Connected)
        hears.subscribe(["x/+"])
        time.sleep(0.3)
        token = link.publish("x/result", b"2")
        assert wait_for(link, Published) == Published(token=token)
        assert wait_for(hears, Arrived).content == b"2"


def test_message_that_is_not_acknowledged_comes_again(open_broker: Mosquitto) -> None:
    keeping = Party(
        broker=open_broker.address,
        credentials=Credentials(),
        client_id="keeps",
        keep_session=True,
    )
    with MqttLink(keeping) as first, MqttLink(party(open_broker)) as sender:
        wait_for(first, Connected)
        first.subscribe(["x/+"])
        time.sleep(0.3)
        sender.publish("x/result", b"1")
        assert wait_for(first, Arrived).content == b"1"
    with MqttLink(keeping) as second:
        again = wait_for(second, Arrived)
        assert again.content == b"1"
        second.acknowledge(again.token)
        time.sleep(0.3)
    with MqttLink(keeping) as third:
        wait_for(third, Connected)
        assert not any(isinstance(event, Arrived) for event in third.events(0.5))


def test_dead_broker_is_lost_and_unreachable(open_broker: Mosquitto) -> None:
    with MqttLink(party(open_broker)) as link:
        wait_for(link, Connected)
        open_broker.kill()
        wait_for(link, Lost)
    with pytest.raises(FleetError, match="cannot reach the broker"):
        MqttLink(party(open_broker))


@pytest.fixture
def strict_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """A broker with TLS that knows devices by certificate, and their rights."""
    authority = Authority(tmp_path)
    authority.issue("broker", tmp_path / "own")
    authority.issue("bench-1", tmp_path / "bench-1")
    (tmp_path / "rules").write_text(RULES)
    listener = (
        f"cafile {authority.certificate}\n"
        f"certfile {tmp_path}/own/certificate.pem\nkeyfile {tmp_path}/own/key.pem\n"
        "require_certificate true\nuse_identity_as_username true"
    )
    rules = f"allow_anonymous false\nacl_file {tmp_path}/rules"
    with mosquitto(tmp_path / "broker", rules, listener) as broker:
        yield broker


def test_device_is_known_by_its_certificate_and_may_only_what_is_its_own(
    tmp_path: Path, strict_broker: Mosquitto
) -> None:
    device = Party(
        broker=f"mqtts://127.0.0.1:{strict_broker.port}",
        credentials=read_credentials(tmp_path / "bench-1"),
        client_id="bench-1",
    )
    with MqttLink(device) as link:
        wait_for(link, Connected)
        link.publish("hemalens/1/device/bench-1/result", b"own")
        assert wait_for(link, Published).refusal is None
        link.publish("hemalens/1/device/bench-2/result", b"another's")
        assert wait_for(link, Published).refusal == "Not authorized"


# paho-mqtt leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_broker_of_another_authority_is_not_talked_to(
    tmp_path: Path, strict_broker: Mosquitto
) -> None:
    (tmp_path / "other").mkdir()
    Authority(tmp_path / "other").issue("bench-1", tmp_path / "stranger")
    stranger = Party(
        broker=f"mqtts://127.0.0.1:{strict_broker.port}",
        credentials=read_credentials(tmp_path / "stranger"),
        client_id="bench-1",
    )
    with pytest.raises(FleetError, match="certificates suit"):
        MqttLink(stranger)


def test_wrong_password_is_refused_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("bench-1:right\n")
    subprocess.run(["mosquitto_passwd", "-U", str(tmp_path / "users")], check=True)
    (tmp_path / "users").chmod(0o644)
    more = f"allow_anonymous false\npassword_file {tmp_path}/users"
    with mosquitto(tmp_path / "broker", more) as broker:
        for password, expected in (("right", Connected), ("wrong", Lost)):
            (tmp_path / "password").write_text(password)
            (tmp_path / "password").chmod(0o600)
            known = read_credentials(tmp_path)
            address = f"mqtt://bench-1@127.0.0.1:{broker.port}"
            device = Party(broker=address, credentials=known, client_id="bench-1")
            with MqttLink(device) as link:
                event = wait_for(link, expected)
        assert isinstance(event, Lost)
        assert "Not authorized" in event.reason
        assert "wrong" not in event.reason


def test_wish_waits_at_the_broker_for_a_device_that_comes_later(
    tmp_path: Path, open_broker: Mosquitto
) -> None:
    bundle = make_device(tmp_path).made("2.0.0")
    called = "from edge.device.cli import device; device()"
    subprocess.run(
        [
            *(sys.executable, "-c", called, "fleet", "want", str(bundle)),
            *("--broker", open_broker.address, "--device", "bench-1"),
            *("--credentials", str(tmp_path / "none")),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with MqttLink(party(open_broker)) as link:
        wait_for(link, Connected)
        link.subscribe(["hemalens/1/device/bench-1/model"])
        wish = json.loads(wait_for(link, Arrived).content)
    assert (wish["version"], wish["activation"]) == ("2.0.0", "next-start")
