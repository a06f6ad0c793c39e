"""The set-up of Raspberry Pi OS Bookworm: a script that runs once, before all else.

References
----------
.. [1] raspberrypi-sys-mods, usr/lib/raspberrypi-sys-mods/imager_custom, and Raspberry
   Pi Imager, src/customization_generator.cpp (read 2026-11-25), whose script this
   follows.
.. [2] systemd-run-generator(8), systemd 252: what ends badly powers the board off,
   unless ``systemd.run_failure_action`` says otherwise.
"""

import shlex
from typing import Final

from edge.device.flash.board import Board, Wifi
from edge.device.flash.credentials import read_password, read_ssh_key, wifi_key
from edge.device.flash.os_release_setup import ARRANGE, BOOT, FirstBootFiles

_SCRIPT: Final = "firstrun.sh"
_CUSTOM: Final = "/usr/lib/raspberrypi-sys-mods/imager_custom"
_USER: Final = "/usr/lib/userconf-pi/userconf"
_NO_PASSWORD: Final = "!"  # noqa: S105  # what locks a password
_KERNEL_WORDS: Final = (
    f"systemd.run={BOOT}/{_SCRIPT}",
    "systemd.run_success_action=reboot",
    "systemd.run_failure_action=reboot",
    "systemd.unit=kernel-command-line.target",
)


def set_up(board: Board) -> FirstBootFiles:
    """Write the script that sets a board up at its first boot.

    Raises
    ------
    ConfigError
        When a key or password of the board cannot be read.
    """
    commands = [
        shlex.join([_CUSTOM, "set_hostname", board.hostname]),
        # Keys go to the first user, whom the next line renames, home and all.
        shlex.join([_CUSTOM, "enable_ssh", "-k", read_ssh_key(board.ssh_key_file)]),
        shlex.join([_USER, board.user, _NO_PASSWORD]),
        *_wifi(board.wifi),
    ]
    script = "\n".join(
        [
            "#!/bin/sh",
            "# Read as a whole before it runs: it overwrites itself at its end.",
            "set_up() {",
            "# No step hinders the next: a board half set up must be reachable.",
            *commands,
            "# Without this one all is tried again at the next boot.",
            f"{{ {ARRANGE}; }} || exit 1",
            rf"sed -i 's| systemd\.[^ ]*||g' {BOOT}/cmdline.txt",
            "sync",
            f"shred --zero --remove {BOOT}/{_SCRIPT} || rm -f {BOOT}/{_SCRIPT}",
            "exit 0",
            "}",
            "set_up",
            "",
        ]
    )
    return FirstBootFiles(files={_SCRIPT: script.encode()}, kernel_words=_KERNEL_WORDS)


def _wifi(wifi: Wifi | None) -> tuple[str, ...]:
    if wifi is None:
        return ()
    key = (
        ""
        if wifi.password_file is None
        else wifi_key(wifi.ssid, read_password(wifi.password_file))
    )
    hidden = ("-h",) if wifi.hidden else ()
    return (shlex.join([_CUSTOM, "set_wlan", *hidden, wifi.ssid, key, wifi.country]),)
