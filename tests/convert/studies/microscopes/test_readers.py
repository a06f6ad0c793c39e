"""Each set's layout, drawn small."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.studies.microscopes.readers.bccd import PIXEL_SIZE_UM
from convert.studies.microscopes.sets import READERS, read_microscope
from convert.studies.microscopes.truth import LabelledFrame, Microscope, Pick
from hemalens.errors import DatasetError
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Box
from hemalens.split import Split, split_of
from tests.convert.studies.transfer.made_fields import write_boxes, write_types

EVERYTHING = Pick()


def write_image(path: Path, width: int = 200, height: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(len(path.name)).integers(0, 256, (height, width, 3))
    assert cv2.imwrite(str(path), image.astype(np.uint8))


def read(name: str, folder: Path, pick: Pick = EVERYTHING) -> Microscope:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return read_microscope(name, folder, work, pick)


def by_name(microscope: Microscope) -> dict[str, LabelledFrame]:
    return {frame.path.name: frame for frame in microscope.frames}


@pytest.mark.parametrize("name", READERS)
def test_set_that_is_not_there_is_a_dataset_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no folder"):
        read(name, tmp_path)


def test_bccd_takes_white_cells_from_its_own_boxes_and_the_rest_from_txl(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "BCCD"
    for number in (41, 42):
        write_image(folder / "JPEGImages" / f"BloodImage_{number:05}.jpg")
    write_boxes(folder, "BloodImage_00041.jpg", [("WBC", Box(20, 20, 60, 60))])
    write_boxes(
        folder,
        "BloodImage_00042.jpg",
        [("WBC", Box(0, 20, 60, 60)), ("RBC", Box(90, 10, 110, 30))],
    )
    write_types(
        folder,
        {"BloodImage_00041.jpg": ["monocyte"], "BloodImage_00042.jpg": ["a", "b"]},
    )
    boxes = tmp_path / "boxes_TXL-PBC" / "BCCD"
    boxes.mkdir(parents=True)
    text = "0 .1 .1 .1 .1\n1 0.5 0.5 0.1 0.2\n2 0.25 0.5 0.05 0.1\n"
    (boxes / "BloodImage_00041.txt").write_text(text)
    frames = by_name(read("bccd", tmp_path))
    one, other = frames["BloodImage_00041.jpg"], frames["BloodImage_00042.jpg"]
    assert one.white_cells == (Box(20, 20, 60, 60),)
    assert one.cells[0].class_name == "monocyte"
    assert one.cells[0].is_whole
    assert one.red_cells == (Box(90, 40, 110, 60),)
    assert one.platelets == (Box(45, 45, 55, 55),)
    assert one.unboxed_white_cells == 1
    assert other.cells[0].class_name is None
    assert not other.cells[0].is_whole
    assert other.red_cells is other.platelets is None
    assert read("bccd", tmp_path).slides[0].pixel_size_um == PIXEL_SIZE_UM
    assert by_name(read("bccd", tmp_path, Pick(apart=True))) == {}


def test_chula_cell_photographed_again_is_shared_out(tmp_path: Path) -> None:
    folder = tmp_path / "chula_wbc"
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        write_image(folder / "fields" / name)
    (folder / "boxes.csv").write_text(
        "file,class,left,top,right,bottom,slide,cell\n"
        "a.jpg,monocyte,10.0,10.0,50.0,50.0,M-8,5\n"
        "b.jpg,monocyte,10.0,10.0,50.0,50.0,M-8,5\n"
        "c.jpg,basophil,10.0,10.0,50.0,50.0,B-42,6\n"
    )
    frames = by_name(read("chula_wbc", tmp_path))
    assert [frames[name].cells[0].weight for name in sorted(frames)] == [0.5, 0.5, 1]
    assert not frames["a.jpg"].has_all_white_cells
    assert set(by_name(read("chula_wbc", tmp_path, Pick(apart=True)))) == {
        "a.jpg",
        "b.jpg",
    }


def test_red_cells_of_points_are_boxes_around_them(tmp_path: Path) -> None:
    folder = tmp_path / "chula_rbc12"
    for name in ("5", "7"):
        write_image(folder / "fields" / f"{name}.jpg")
        (folder / "labels").mkdir(exist_ok=True)
        (folder / "labels" / f"{name}.txt").write_text("100 50 0\n100 3 12\n\n")
    frames = by_name(read("chula_rbc12", tmp_path))
    red = frames["5.jpg"].red_cells
    assert red is not None
    assert red[0].centre_xy == (100, 50)
    assert frames["5.jpg"].has_all_red_cells
    assert frames["5.jpg"].whole_red_cells == 1
    assert not frames["7.jpg"].has_all_red_cells
    assert frames["7.jpg"].white_cells == ()


def test_phone_boxes_are_fractions(tmp_path: Path) -> None:
    folder = tmp_path / "phone_eyepiece"
    write_image(folder / "images" / "10_JPG.rf.77.jpg")
    (folder / "labels").mkdir()
    (folder / "labels" / "10_JPG.rf.77.txt").write_text("0 0.5 0.5 0.1 0.2")
    (frame,) = read("phone_eyepiece", tmp_path, Pick(apart=True)).frames
    assert frame.white_cells == (Box(90, 40, 110, 60),)
    assert frame.cells[0].class_name is None


@pytest.mark.parametrize("name", ["yellow_glass", "cellavision_blog"])
def test_single_leukocytes_are_boxed_and_named(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "segmentation_wbc" / name
    write_image(folder / "001.png", 120, 120)
    (folder / "classes.csv").write_text(
        "file,class,left,top,right,bottom\n001.png,lymphocyte,35,35,93,86\n"
    )
    (frame,) = read(name, tmp_path).frames
    assert frame.white_cells == (Box(35, 35, 93, 86),)
    assert frame.cells[0].class_name == "lymphocyte"


@pytest.fixture
def pbc(tmp_path: Path, drawn_dataset: Path) -> Path:
    shutil.copytree(drawn_dataset, tmp_path / "PBC_dataset_normal_DIB")
    return tmp_path


def test_pbc_asks_the_classes_of_validation_images_alone(pbc: Path) -> None:
    folder = pbc / "PBC_dataset_normal_DIB"
    trained = next(
        path
        for path in sorted(folder.glob("*/*"))
        if split_of(path.name) is Split.TRAIN
    )
    boxes = pbc / "boxes_TXL-PBC" / folder.name
    boxes.mkdir(parents=True)
    (boxes / f"{trained.stem}.txt").write_text("0 0.5 0.5 0.4 0.4\n1 0.1 0.1 0.1 0.1\n")
    frames = by_name(read("pbc", pbc))
    assert frames[trained.name].cells[0].class_name is None
    assert frames[trained.name].is_drawn
    assert len(frames[trained.name].red_cells or ()) == 1
    rest = [frame for name, frame in frames.items() if name != trained.name]
    assert rest
    for frame in rest:
        assert split_of(frame.path.name) is Split.VALIDATION
        assert frame.cells[0].class_name == frame.path.parent.name
        assert not frame.is_drawn


def test_made_microscopes_share_the_images_out_at_their_own_scale(pbc: Path) -> None:
    microscope = read("made", pbc)
    names = [frame.path.name for frame in microscope.frames]
    assert len(set(names)) == len(names) > 0
    for slide in microscope.slides:
        for frame in slide.frames:
            (path,) = (pbc / "PBC_dataset_normal_DIB").glob(f"*/{frame.path.name}")
            width = cv2.imread(str(path)).shape[1]
            shown = cv2.imread(str(frame.path)).shape[1]
            factor = slide.pixel_size_um / PBC_PIXEL_SIZE_UM
            assert shown == pytest.approx(width / factor, abs=1)
