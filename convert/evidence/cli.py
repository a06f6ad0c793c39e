"""``hemalens convert validate``: the accuracy gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from convert.evidence.validate import Validation
    from hemalens.bundle import Bundle

FOLDER = click.Path(path_type=Path)
FAILED: Final = 3
"""Exit code of a gate that failed."""


@click.command()
@click.argument("bundle", type=FOLDER, required=False)
@click.option("--model", type=FOLDER, help="The bundle, as an option.")
@click.option("--data", type=FOLDER, required=True, help="Folder of class folders.")
@click.option(
    "--float-model",
    type=FOLDER,
    help="The .keras file it was made of; found by its digest among the shipped ones "
    "and beside the bundle.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test", "all"]),
    help="test by default, where every class has test images, or else validation. A "
    "gate on training images does not pass.",
)
@click.option(
    "--protocol",
    "protocol_file",
    type=FOLDER,
    help="Terms that 'convert protocol' wrote; the default ones else.",
)
@click.option(
    "--runtime-python",
    type=FOLDER,
    multiple=True,
    help="Python of another environment whose runtimes are measured too.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    multiple=True,
    help="Thread counts; 1 and all processors by default.",
)
@click.option(
    "--output",
    type=FOLDER,
    help="Folder for validation.json, answers.csv, index.html and, once passed, the "
    "bundle with its evidence.",
)
@click.option("--cache", type=FOLDER, default=Path("cache"), show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print validation.json.")
def validate(
    bundle: Path | None,
    model: Path | None,
    data: Path,
    float_model: Path | None,
    split: str | None,
    protocol_file: Path | None,
    runtime_python: tuple[Path, ...],
    threads: tuple[int, ...],
    output: Path | None,
    cache: Path,
    as_json: bool,
) -> None:
    """Measure BUNDLE against its float model and judge whether it may ship.

    Exit 0 when every criterion is met, 3 when one is not, or was not shown for want of
    images.
    """
    path = bundle or model
    if path is None or (bundle and model):
        raise click.UsageError("give one bundle")
    from convert.evidence.float_twin import find_float_twin
    from convert.evidence.protocol import default_protocol, read_protocol
    from convert.evidence.runtimes import find_places
    from hemalens.bundle import read_bundle
    from hemalens.image_set import read_class_folders
    from train.keras_backend import load_keras

    protocol = read_protocol(protocol_file) if protocol_file else default_protocol()
    opened = read_bundle(path)
    if output is not None:
        _require_free(_proven(output, opened))
    twin = find_float_twin(opened, path, float_model)
    images = read_class_folders(data)
    places = find_places(runtime_python, threads or None)
    load_keras("Validating", "convert")
    from convert.evidence.validate import GateTerms
    from convert.evidence.validate import validate as measure

    terms = GateTerms(
        images=images,
        split=split,
        protocol=protocol,
        places=places,
        cache=cache,
    )
    found = measure(
        opened, twin, terms, lambda step: click.echo(f"measuring: {step}", err=True)
    )
    if output is not None:
        _write(output, opened, found)
    _show(found, output, as_json)
    if opened.signature is not None:
        click.echo(
            f"the signature of key {opened.signature.key_id} was of the bundle before: "
            "sign anew",
            err=True,
        )
    if not found.report.passed:
        click.get_current_context().exit(FAILED)


def _proven(folder: Path, bundle: "Bundle") -> Path:
    """Name the bundle that will carry its evidence."""
    from hemalens.bundle import SUFFIX

    return folder / f"{bundle.manifest.name}{SUFFIX}"


def _require_free(proven: Path) -> None:
    """Refuse to write over a bundle, or to leave one beside another's report."""
    from hemalens.errors import StorageError

    if proven.exists():
        raise StorageError(f"{proven} is there already: choose another --output")


def _write(folder: Path, bundle: "Bundle", found: "Validation") -> None:
    """Write the report, the page and, when it has passed, the bundle; that last."""
    from convert.evidence.answers_csv import answers_csv
    from convert.evidence.page import validation_page
    from convert.evidence.proven import with_evidence
    from hemalens.files import write_whole

    write_whole(folder / "validation.json", found.report.content())
    write_whole(folder / "answers.csv", answers_csv(found.images, found.answers))
    write_whole(folder / "index.html", validation_page(found, bundle.manifest).encode())
    if found.report.passed:
        write_whole(_proven(folder, bundle), with_evidence(bundle, found.report))


def _show(found: "Validation", output: Path | None, as_json: bool) -> None:
    from convert.evidence.terminal import show_validation

    if as_json:
        click.echo(found.report.content(), nl=False)
        return
    show_validation(found.report)
    if output is not None:
        click.echo(f"{output / 'index.html'} has it all")
