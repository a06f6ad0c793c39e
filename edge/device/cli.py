"""``hemalens device``: flash, install, run, examine and update a device."""

import importlib
from typing import Final

import click

_COMMANDS: Final = {
    "benchmark": "edge.device.check.benchmark_cli:benchmark",
    "confirm": "edge.update.cli:confirm",
    "doctor": "edge.device.check.doctor_cli:doctor",
    "flash": "edge.device.flash.flash_cli:flash",
    "fleet": "edge.fleet.cli:fleet",
    "install": "edge.device.service.install_cli:install",
    "rollback": "edge.update.cli:rollback",
    "run": "edge.device.service.run_cli:run",
    "selftest": "edge.device.check.selftest_cli:selftest",
    "status": "edge.update.cli:status",
    "update": "edge.update.cli:update",
    "update-software": "edge.update.cli:update_software",
    "wheelhouse": "edge.device.flash.wheelhouse_cli:wheelhouse",
}


class _Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands."""
        return sorted(_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Load one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_Commands)
def device() -> None:
    """Flash, install, examine and update the device that counts."""
