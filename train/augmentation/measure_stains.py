"""``hemalens train measure-stains``: what re-staining draws from, measured anew."""

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from hemalens.records import Box
    from train.augmentation.restain import StainSource
    from train.dataset.stain_densities import Density

FOLDER = click.Path(path_type=Path)

KEPT: Final = 120
"""Densities of a source, at most: sources are drawn evenly in any case."""
PBC_IMAGES: Final = 240
PBC_CELL: Final = (112, 112, 248, 248)
"""The median white cell's box, in the middle of PBC's images."""
RBC12_PIXEL_SIZE_UM: Final = 0.083
PHONE_PIXEL_SIZE_UM: Final = 0.43
PHONE_SIDE_PX: Final = 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A white cell, or a field's middle, to be measured."""

    path: Path
    white_cell: "Box | None"
    pixel_size_um: float


@click.command("measure-stains")
@click.argument("datasets", type=FOLDER)
@click.option("--output", type=FOLDER, required=True, help="The JSON file to write.")
def measure_stains(datasets: Path, output: Path) -> None:
    """Measure red cells and nuclei of the sets in the folder DATASETS.

    Images are read, numbers alone are kept.
    """
    from hemalens.files import write_whole

    sources = [
        _measure(name, places(datasets / name), ORIGINS[name])
        for name, places in PLACES.items()
    ]
    write_whole(output, _json(sources).encode())
    for source in sources:
        click.echo(
            f"{source.name}: {len(source.red_cells)} red-cell and "
            f"{len(source.nuclei)} nucleus densities"
        )


def _measure(name: str, places: Iterable[Place], origin: str) -> "StainSource":
    from hemalens.image_files import read_image
    from train.augmentation.restain import StainSource
    from train.dataset.stain_densities import measure_stain

    with ThreadPoolExecutor() as pool:
        measured = list(
            pool.map(
                lambda at: measure_stain(
                    read_image(at.path), at.white_cell, at.pixel_size_um
                ),
                places,
            )
        )
    red_cells = [red for red, _ in measured if red is not None]
    nuclei = [nucleus for _, nucleus in measured if nucleus is not None]
    return StainSource(
        name=name, origin=origin, red_cells=_thinned(red_cells), nuclei=_thinned(nuclei)
    )


def _thinned(items: "list[Density]") -> "tuple[Density, ...]":
    return tuple(items[:: max(1, -(-len(items) // KEPT))])


def _pbc(folder: Path) -> list[Place]:
    from hemalens.classes import CellClass
    from hemalens.image_set import read_class_folders
    from hemalens.preprocess import PBC_PIXEL_SIZE_UM
    from hemalens.records import Box
    from hemalens.split import Split

    images = [
        image.path
        for image in read_class_folders(folder).of_split(Split.TRAIN).images
        if image.class_name != CellClass.PLATELET
    ]
    random.Random(0).shuffle(images)  # noqa: S311
    return [
        Place(path=path, white_cell=Box(*PBC_CELL), pixel_size_um=PBC_PIXEL_SIZE_UM)
        for path in images[:PBC_IMAGES]
    ]


def _boxed(folder: Path) -> list[Place]:
    from train.dataset.boxed_cells import read_boxed_set

    boxed = read_boxed_set(folder)
    return [
        Place(path=cell.path, white_cell=cell.box, pixel_size_um=boxed.pixel_size_um)
        for cell in boxed.cells
    ]


def _rbc12(folder: Path) -> list[Place]:
    return [
        Place(path=path, white_cell=None, pixel_size_um=RBC12_PIXEL_SIZE_UM)
        for path in sorted((folder / "fields").iterdir())
    ]


def _phone(folder: Path) -> list[Place]:
    return [
        Place(
            path=folder / "images" / f"{table.stem}.jpg",
            white_cell=_first_box(table.read_text()),
            pixel_size_um=PHONE_PIXEL_SIZE_UM,
        )
        for table in sorted((folder / "labels").iterdir())
        if table.read_text().strip()
    ]


def _first_box(lines: str) -> "Box":
    from hemalens.records import Box

    _, x, y, width, height = (float(value) for value in lines.splitlines()[0].split())
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Box(*(round(corner * PHONE_SIDE_PX) for corner in corners))


PLACES: Final[dict[str, Callable[[Path], list[Place]]]] = {
    "PBC_dataset_normal_DIB": _pbc,
    "BCCD": _boxed,
    "chula_wbc": _boxed,
    "chula_rbc12": _rbc12,
    "phone_eyepiece": _phone,
}

ORIGINS: Final = {
    "PBC_dataset_normal_DIB": f"{PBC_IMAGES} training images of PBC, doi "
    "10.17632/snkd93bnjr.1, CC BY 4.0; 0.095 um per pixel; no platelets",
    "BCCD": "BCCD Dataset, MIT; boxed white cells of one type a field; 0.0745 um per "
    "pixel",
    "chula_wbc": "singgihbekti/WBC_Dataset, Chulalongkorn University, MIT; boxed white "
    "cells; 0.095 um per pixel",
    "chula_rbc12": "Chula-RBC-12, arXiv 2012.01321, MIT; red cells about the middle of "
    "each field; 0.083 um per pixel",
    "phone_eyepiece": "pictures by a phone through an eyepiece, CC0 1.0; first boxed "
    "white cell of each; 0.43 um per pixel",
}


def _json(sources: Iterable["StainSource"]) -> str:
    """Write one density a line."""
    import json

    def lines(values: Iterable[object]) -> str:
        rows = ",\n".join(f"    {json.dumps(value)}" for value in values)
        return f"[\n{rows}\n   ]" if rows else "[]"

    entries = ",\n".join(
        f'  {{\n   "name": {json.dumps(one.name)},\n   "origin": '
        f'{json.dumps(one.origin)},\n   "red_cells": {lines(one.red_cells)},\n'
        f'   "nuclei": {lines(one.nuclei)}\n  }}'
        for one in sources
    )
    return f'{{\n "sources": [\n{entries}\n ]\n}}\n'
