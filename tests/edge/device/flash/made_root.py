"""A board's root folder, and a system's tools that only write down what they did.

Each tool can pull the plug: it then kills the script that called it.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOOLS = (
    *("raspi-config", "rfkill", "nmcli", "dpkg", "dpkg-query", "apt-get", "systemctl"),
    *("imager_custom", "userconf"),
)
REAL = ("sync", "mv", "ln", "rm", "shred", "mkdir", "sha256sum", "install", "sed")
"""Run for real, after a chance to pull the plug."""

_CUT = """\
#!/bin/sh
number=$(($(cat {root}/calls 2>/dev/null || echo 0) + 1))
echo "$number" >{root}/calls
[ "$number" != "$CUT_AT" ] || kill -9 $PPID $$
"""
_SAY = 'echo "{name} $*" >>{root}/said\n'
_PYTHON = """\
for environment; do :; done
mkdir -p "$environment/bin"
cp {root}/tools/env-python "$environment/bin/python"
"""
_ENV_PYTHON = 'cp {root}/tools/env-hemalens "$(dirname "$0")/hemalens"\n'
_HEMALENS = """\
password={root}/boot/firmware/hemalens/operator-password
[ ! -f "$password" ] || cp "$password" {root}/etc/
"""
_QUERY = "cat {root}/library 2>/dev/null; [ -e {root}/library ]\n"
_DPKG = (
    'case "$*" in *--install*) echo "install ok installed" >{root}/library ;; esac\n'
)
_APT = 'case "$*" in *install*) echo "install ok installed" >{root}/library ;; esac\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRoot:
    """A board's root folder with made tools in ``tools``."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "MadeRoot":
        """Make the tools; the boot partition is to be at ``boot/firmware``."""
        for folder in ("tools", "etc/systemd/system", "opt", "boot"):
            (root / folder).mkdir(parents=True)
        made = cls(root=root)
        special = {
            "python3": _SAY + _PYTHON,
            "env-python": _SAY + _ENV_PYTHON,
            "env-hemalens": _SAY + _HEMALENS,
            "dpkg-query": _QUERY,
            "dpkg": _SAY + _DPKG,
            "apt-get": _SAY + _APT,
        }
        for name in {*TOOLS, *special}:
            made.write_tool(name, special.get(name, _SAY))
        for name in REAL:
            made.write_tool(name, f'PATH=/usr/bin:/bin exec {name} "$@"\n')
        return made

    def write_tool(self, name: str, does: str) -> None:
        """Write a tool in place of what it was."""
        path = self.root / "tools" / name
        path.write_text((_CUT + does).format(root=self.root, name=name))
        path.chmod(0o755)

    @property
    def card(self) -> Path:
        """The mounted boot partition."""
        return self.root / "boot" / "firmware"

    def run(self, script: Path, *, cut_at: int | None = None) -> int:
        """Run a script of the card's; give how it ended, as a process does."""
        (self.root / "calls").unlink(missing_ok=True)
        text = script.read_text()
        for place in ("/opt/hemalens", "/boot/firmware", "/etc/systemd"):
            text = text.replace(place, f"{self.root}{place}")
        for place in ("/usr/lib/raspberrypi-sys-mods", "/usr/lib/userconf-pi"):
            text = text.replace(place, str(self.root / "tools"))
        copy = script.with_name(f"{script.name}.here")
        copy.write_text(text)
        path = f"{self.root / 'tools'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "CUT_AT": str(cut_at)}
        done = subprocess.run(["sh", copy], env=environment, check=False)
        copy.unlink(missing_ok=True)
        return done.returncode

    def first_boot(self, *, cut_at: int | None = None) -> int:
        """Do what the unit does at a boot."""
        return self.run(self.card / "hemalens" / "first-boot.sh", cut_at=cut_at)

    def said(self) -> list[str]:
        """List the tools called, with their arguments."""
        path = self.root / "said"
        return path.read_text().splitlines() if path.exists() else []


PLUG_PULLED = (-signal.SIGKILL, 128 + signal.SIGKILL)
"""How a script ends whose own shell, or one that it waits for, was killed."""
