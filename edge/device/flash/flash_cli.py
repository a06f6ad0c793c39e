"""``hemalens device flash``: prepare a card for its first boot."""

from pathlib import Path

import click

from edge.records.population import Population


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="A fleet's TOML file: [common], [boards.HOSTNAME]; options here override it.",
)
@click.option("--os", "system", type=click.Choice(["trixie", "bookworm"]))
@click.option("--hostname", help="The board's name in the network.")
@click.option("--user", help="Who may log in, by key alone.")
@click.option(
    "--ssh-key",
    "ssh_key_file",
    type=click.Path(path_type=Path),
    help="The user's OpenSSH public key.",
)
@click.option("--wifi", "ssid", help="Name of a wireless network; else by cable.")
@click.option(
    "--wifi-password-file",
    type=click.Path(path_type=Path),
    help="Its password in the first line; the card gets the key derived from it.",
)
@click.option("--wifi-country", help="Two letters, such as DE; --wifi needs it.")
@click.option("--camera", help="As SOURCE of 'hemalens count'. [default: picamera2:0]")
@click.option(
    "--camera-debs",
    type=click.Path(path_type=Path),
    help="Folder of Debian packages with SHA256SUMS, for Lite, which has no picamera2.",
)
@click.option(
    "--camera-from-network",
    is_flag=True,
    default=None,
    help="Let the first boot fetch picamera2 with apt, where the system has none.",
)
@click.option("--objective", help="The objective on the microscope, such as 100x.")
@click.option(
    "--target",
    "leukocytes",
    type=click.IntRange(min=1),
    help="Leukocytes of one count; until it is stopped by default.",
)
@click.option("--bundle", help="A shipped bundle's name. [default: current]")
@click.option(
    "--population",
    type=click.Choice([str(one) for one in Population]),
    help="Whose blood it counts. [default: unrestricted]",
)
@click.option(
    "--operator-password-file",
    type=click.Path(path_type=Path),
    help="The operator's password in the first line; the card gets its hash.",
)
@click.option(
    "--trusted-key",
    "trusted_key_files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Public key of who may sign a model; may be given several times.",
)
@click.option(
    "--wheelhouse",
    type=click.Path(path_type=Path),
    help="Folder made by 'hemalens device wheelhouse'.",
)
@click.option(
    "--imager-manifest",
    type=click.Path(path_type=Path),
    help="Also write this .rpi-imager-manifest of the image.",
)
@click.option(
    "--device", type=click.Path(path_type=Path), help="TARGET once more, if a disk."
)
@click.option("--yes", is_flag=True, help="Agree to change the disk named twice.")
def flash(
    target: Path,
    config: Path | None,
    ssid: str | None,
    wifi_password_file: Path | None,
    wifi_country: str | None,
    imager_manifest: Path | None,
    device: Path | None,
    yes: bool,
    **board_options: object,
) -> None:
    """Prepare TARGET, a Raspberry Pi OS card, for an unattended first boot.

    TARGET is the folder that the card's boot partition is mounted on, an unpacked disk
    image (.img), or a disk, which then has to be named twice. A broker that results go
    to is named in --config (docs/fleet.md). Needs no network, neither
    here nor at the board's first boot. The same command twice changes nothing.
    """
    from edge.device.flash.board import Board, read_fleet
    from edge.device.flash.flash import flash as write
    from edge.device.flash.flash import open_boot_partition
    from edge.device.flash.imager_manifest import write_imager_manifest

    wifi = {
        "ssid": ssid,
        "password_file": wifi_password_file,
        "country": wifi_country,
    }
    named = {"system": "os", "leukocytes": "target"}
    given = {named.get(key, key): value for key, value in board_options.items()}
    hostname = board_options["hostname"]
    settings = (
        {}
        if config is None
        else read_fleet(config, None if hostname is None else str(hostname))
    )
    settings |= {key: value for key, value in given.items() if value not in (None, ())}
    if any(value is not None for value in wifi.values()):
        present = {key: value for key, value in wifi.items() if value is not None}
        settings["wifi"] = settings.get("wifi", {}) | present
    board = Board.from_settings(settings)
    partition = open_boot_partition(target, device, agreed=yes)
    written = write(partition, board)
    if imager_manifest is not None:
        write_imager_manifest(imager_manifest, target, board)
    click.echo(
        f"{target} is ready: {board.hostname}, {board.os}, {board.camera}, "
        f"{len(written)} files"
    )
