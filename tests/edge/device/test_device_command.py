import subprocess
import sys

from click.testing import CliRunner

from edge.device.cli import device

COMMANDS = (
    *("benchmark", "confirm", "doctor", "flash", "install", "rollback", "run"),
    *("selftest", "status", "update", "update-software", "wheelhouse"),
)
HEAVY = ("numpy", "cv2", "pydantic", "rich", "ai_edge_litert", "cryptography")

LOADED_BY_HELP = f"""
import sys
from edge.device.cli import device
try:
    device(["--help"])
finally:
    print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)
"""


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_HELP],
        capture_output=True,
        text=True,
        check=True,
    )
    named = [line.split()[0] for line in done.stdout.splitlines() if line[:2] == "  "]
    assert set(COMMANDS) <= set(named)
    assert done.stderr.strip() == "[]"


def test_unknown_command_is_a_usage_error() -> None:
    ran = CliRunner().invoke(device, ["flesh"])
    assert ran.exit_code == 2
