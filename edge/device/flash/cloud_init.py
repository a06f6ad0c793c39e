"""The set-up of Raspberry Pi OS Trixie: cloud-init's NoCloud files.

cloud-init reads YAML, of which JSON is a part, so nothing has to be quoted by hand.
Only keys of cloud-init's own schema are used, none of Raspberry Pi's additions.

References
----------
.. [1] cloud-init: NoCloud, https://docs.cloud-init.io/en/latest/reference/datasources/
   nocloud.html.
.. [2] Raspberry Pi Imager, src/customization_generator.cpp and its ``ds=nocloud``
   (read 2026-11-25): a new instance id makes a card set its board up anew.
.. [3] cloud-init 22.4.2, helpers.py and stages.py: what runs once an instance
   is marked as done before it runs, in ``/var/lib/cloud/instance/sem``, so that a power
   cut loses it for good; ``bootcmd`` runs at every boot, before users are made.
   The network is not set up anew for an instance that is known.
"""

import hashlib
import json

from edge.device.flash.board import Board, Wifi
from edge.device.flash.credentials import read_password, read_ssh_key, wifi_key
from edge.device.flash.os_release_setup import (
    ARRANGE,
    INSTALLED_FROM,
    UNIT,
    USER_GROUPS,
    FirstBootFiles,
)


def set_up(board: Board, carried_sha256: str) -> FirstBootFiles:
    """Write what cloud-init reads at the first boot.

    Parameters
    ----------
    carried_sha256 : str
        Of all else the board gets: when that changes, it is set up anew.

    Raises
    ------
    ConfigError
        When a key or password of the board cannot be read.
    """
    user_data = b"#cloud-config\n" + _json(_user_data(board, carried_sha256))
    network = _json(_network(board.wifi))
    content = user_data + network + carried_sha256.encode()
    instance = f"hemalens-{hashlib.sha256(content).hexdigest()[:16]}"
    country = (f"cfg80211.ieee80211_regdom={board.wifi.country}",) if board.wifi else ()
    return FirstBootFiles(
        files={
            "user-data": user_data,
            "network-config": network,
            "meta-data": _json({"instance-id": instance}),
        },
        kernel_words=(*country, f"ds=nocloud;i={instance}"),
    )


def _user_data(board: Board, carried_sha256: str) -> dict[str, object]:
    user = {
        "name": board.user,
        "groups": ",".join(USER_GROUPS),
        "shell": "/bin/bash",
        "lock_passwd": True,
        "ssh_authorized_keys": [read_ssh_key(board.ssh_key_file)],
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
    }
    return {
        "hostname": board.hostname,
        "manage_etc_hosts": True,
        "users": [user],
        "ssh_pwauth": False,
        "bootcmd": [["sh", "-c", _again_unless(carried_sha256)]],
        "runcmd": [
            ["systemctl", "enable", "--now", "ssh"],
            ["sh", "-c", f"{ARRANGE} && systemctl start --no-block {UNIT}"],
        ],
    }


def _again_unless(carried_sha256: str) -> str:
    """Let cloud-init do it all again at each boot, until it has succeeded [3]_."""
    return (
        f'test "$(cat {INSTALLED_FROM} 2>/dev/null)" = {carried_sha256} || '
        "rm -f /var/lib/cloud/instance/sem/config_*"
    )


def _network(wifi: Wifi | None) -> dict[str, object]:
    cable = {"eth0": {"dhcp4": True, "optional": True}}
    network: dict[str, object] = {"version": 2, "ethernets": cable}
    if wifi is not None:
        radio = {
            "dhcp4": True,
            "optional": True,
            "access-points": {wifi.ssid: _access(wifi)},
        }
        network["wifis"] = {"wlan0": radio}
    return {"network": network}


def _access(wifi: Wifi) -> dict[str, object]:
    access: dict[str, object] = {"hidden": True} if wifi.hidden else {}
    if wifi.password_file is not None:
        access["password"] = wifi_key(wifi.ssid, read_password(wifi.password_file))
    return access


def _json(content: dict[str, object]) -> bytes:
    return json.dumps(content, indent=2).encode() + b"\n"
