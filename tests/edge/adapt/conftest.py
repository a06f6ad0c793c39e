from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bundles import open_bundle
from edge.capture.demo_slide import DemoSlide
from hemalens.bundle import Bundle, bundle_bytes, parse_bundle
from hemalens.classes import CellKind
from hemalens.preprocess import crop_side_px, cut_crop

PALENESS = 0.6
"""Of the densities: the model then takes lymphocytes for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Crops of simulated slides in a stain too pale, sorted by class."""

    cells: Path
    bundle: Path


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    with DemoSlide(seed=5, frames=14, mix="uniform") as slide:
        for frame in slide:
            assert frame.pixel_size_um is not None
            side_px = crop_side_px(frame.pixel_size_um)
            pale = (255 * (frame.image / 255.0) ** PALENESS).astype(np.uint8)
            for number, cell in enumerate(slide.truth(frame.index)):
                if cell.kind is CellKind.RED_CELL or cell.at_border:
                    continue
                crop = cut_crop(pale, cell.box.centre_xy, side_px, 256)
                path = folder / "cells" / str(cell.class_name)
                path.mkdir(parents=True, exist_ok=True)
                name = f"{Path(frame.name).stem}-{number}.png"
                cv2.imwrite(str(path / name), crop[..., ::-1])
    bundle = folder / "parent.hemalens"
    bundle.write_bytes(packed(unstained()))
    return Site(cells=folder / "cells", bundle=bundle)


def unstained() -> Bundle:
    """Open the shipped bundle without a stain: slides keep their colours."""
    bundle = open_bundle("cnn")
    manifest = bundle.manifest.model_copy(update={"stain": None, "version": "1.1.0"})
    return parse_bundle(packed(replace(bundle, manifest=manifest)))


def packed(bundle: Bundle) -> bytes:
    """Pack a bundle's parts."""
    return bundle_bytes(bundle.manifest, bundle.model, bundle.golden, bundle.evidence)
