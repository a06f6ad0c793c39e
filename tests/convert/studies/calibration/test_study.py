import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from calibration.calibration_set import find_images
from calibration.choose import Chooser
from convert.quantize import quantize_int8
from convert.studies.calibration.cli import calibration_study
from convert.studies.calibration.report import study_table, write_study_report
from convert.studies.calibration.study import Study
from hemalens.classifier import Int8Model
from hemalens.errors import HemaLensError
from hemalens.image_set import ImageSet, read_class_folders
from hemalens.split import Split
from tests.convert.untrained_model import write_untrained_model
from train.cache import cached_crops, cached_pixels
from train.float_model import load_float_model, predict


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A dataset, a model that was made for it, and a finished study of it."""

    folder: Path
    data: Path
    images: ImageSet

    def study(self, output: Path, *options: object, **instead: Path) -> Result:
        paths = {"model": self.folder / "best.keras", "data": self.data, **instead}
        arguments = ["--output", output, "--cache", self.folder / "cache", *options]
        for name, path in paths.items():
            arguments += [f"--{name}", path]
        return CliRunner().invoke(
            calibration_study, list(map(str, arguments)), catch_exceptions=False
        )


@pytest.fixture(scope="module")
def workshop(drawn_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    folder = tmp_path_factory.mktemp("study")
    images = read_class_folders(drawn_dataset)
    write_untrained_model(folder / "best.keras", images)
    made = Workshop(folder=folder, data=drawn_dataset, images=images)
    made.study(folder / "finished", "--sizes", "8,16", "--seeds", 1)
    return made


@pytest.fixture
def begun(workshop: Workshop, tmp_path: Path) -> Path:
    """Give a copy of the finished study, to be gone on with."""
    return Path(shutil.copytree(workshop.folder / "finished", tmp_path / "begun"))


class OneConversion:
    """Gives the same model whatever the crops."""

    def __init__(self, model: bytes) -> None:
        self.sizes: list[int] = []
        self.interrupted_at: int | None = None
        self._model = model

    def __call__(self, network: keras.Model, crops: NDArray[np.uint8]) -> bytes:
        if len(self.sizes) == self.interrupted_at:
            raise KeyboardInterrupt
        self.sizes.append(len(crops))
        return self._model


@pytest.fixture(scope="module")
def of_sixteen(workshop: Workshop) -> bytes:
    """Convert anew what the study's last row is of."""
    chosen = Chooser(workshop.images).choose("k-centre", 16)
    crops = cached_pixels(
        find_images(chosen, workshop.images),
        size_px=32,
        folder=workshop.folder / "cache",
    )
    return quantize_int8(load_float_model(workshop.folder / "best.keras"), crops)


@pytest.fixture
def conversion(of_sixteen: bytes, monkeypatch: pytest.MonkeyPatch) -> OneConversion:
    conversion = OneConversion(of_sixteen)
    monkeypatch.setattr("convert.studies.calibration.study.quantize_int8", conversion)
    return conversion


def read(folder: Path) -> Study:
    return Study.model_validate_json((folder / "study.json").read_bytes())


def settings(folder: Path) -> list[tuple[str, int, int]]:
    return [tuple(row.setting) for row in read(folder).rows]


def test_each_method_and_size_is_converted_and_measured(
    workshop: Workshop, of_sixteen: bytes
) -> None:
    study = read(workshop.folder / "finished")
    assert [tuple(row.setting) for row in study.rows] == [
        ("stratified", 8, 0),
        ("stratified", 16, 0),
        ("k-centre", 8, 0),
        ("k-centre", 16, 0),
    ]
    assert (study.split, study.n) == (Split.VALIDATION, 16)
    chosen = Chooser(workshop.images).choose("k-centre", 16)
    row = study.rows[3]
    assert row.calibration_set_digest == chosen.digest
    network = load_float_model(workshop.folder / "best.keras")
    validation = cached_crops(
        workshop.images.of_split(Split.VALIDATION),
        size_px=32,
        folder=workshop.folder / "cache",
    )
    of_float = predict(network, validation.crops).argmax(axis=1)
    int8_model = Int8Model(of_sixteen)
    of_int8 = int8_model.probabilities(validation.crops).argmax(axis=1)
    assert study.float_accuracy == np.mean(of_float == validation.class_indices)
    assert row.accuracy == np.mean(of_int8 == validation.class_indices)
    assert row.agreement == np.mean(of_int8 == of_float)
    assert row.accuracy_ci95[0] <= row.accuracy <= row.accuracy_ci95[1]


def test_drawing_and_page_stand_alone(workshop: Workshop) -> None:
    folder = workshop.folder / "finished"
    assert (folder / "study.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "study.html").read_text()
    assert "<svg" in page
    assert "no patient ids" in page
    assert not any(word in page for word in ("http", "<script", "<img", "<link"))


def test_what_is_measured_is_not_measured_again(
    workshop: Workshop, begun: Path, conversion: OneConversion
) -> None:
    result = workshop.study(begun, "--sizes", "8,24", "--seeds", 1)
    assert conversion.sizes == [24, 24]
    assert settings(begun) == [
        *(("stratified", size, 0) for size in (8, 16, 24)),
        *(("k-centre", size, 0) for size in (8, 16, 24)),
    ]
    assert result.stderr.splitlines()[0].startswith("stratified, 24 images, seed 0: ")
    assert all(word in result.stdout for word in ("k-centre", "agreement", "Float"))
    workshop.study(begun, "--sizes", "8,24", "--seeds", 1)
    assert conversion.sizes == [24, 24]


def test_seeds_draw_other_sets(
    workshop: Workshop, tmp_path: Path, conversion: OneConversion
) -> None:
    workshop.study(tmp_path, "--sizes", "8,8", "--seeds", 2, "--methods", "stratified")
    assert settings(tmp_path) == [("stratified", 8, 0), ("stratified", 8, 1)]
    assert len({row.calibration_set_digest for row in read(tmp_path).rows}) == 2


def test_ctrl_c_keeps_what_was_measured(
    workshop: Workshop, tmp_path: Path, conversion: OneConversion
) -> None:
    conversion.interrupted_at = 1
    result = workshop.study(tmp_path, "--sizes", "8,16", "--seeds", 1)
    assert result.exit_code == 1
    assert settings(tmp_path) == [("stratified", 8, 0)]
    conversion.interrupted_at = None
    workshop.study(tmp_path, "--sizes", "8,16", "--seeds", 1)
    assert len(settings(tmp_path)) == 4
    assert conversion.sizes == [8, 16, 8, 16]


def test_a_study_of_another_model_is_kept(
    workshop: Workshop, begun: Path, tmp_path: Path
) -> None:
    other = write_untrained_model(tmp_path / "best.keras", workshop.images, seed=2)
    before = (begun / "study.json").read_bytes()
    with pytest.raises(HemaLensError, match="another model or dataset: choose another"):
        workshop.study(begun, model=other)
    assert (begun / "study.json").read_bytes() == before


def test_a_damaged_study_is_named(workshop: Workshop, begun: Path) -> None:
    (begun / "study.json").write_text("{}")
    with pytest.raises(HemaLensError, match=r"study\.json is no study"):
        workshop.study(begun)


def test_an_impossible_size_is_refused_before_anything_is_converted(
    workshop: Workshop, tmp_path: Path, conversion: OneConversion
) -> None:
    with pytest.raises(HemaLensError, match="size from 8 to 48"):
        workshop.study(tmp_path, "--sizes", "8,49")
    assert conversion.sizes == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["model", "data"])
def test_a_file_that_is_not_there_is_named(
    workshop: Workshop, tmp_path: Path, missing: str
) -> None:
    with pytest.raises(HemaLensError, match="gone"):
        workshop.study(tmp_path / "study", **{missing: tmp_path / "gone"})
    assert not (tmp_path / "study").exists()


def test_an_output_that_cannot_be_written_is_told_before_converting(
    workshop: Workshop, tmp_path: Path, conversion: OneConversion
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HemaLensError, match="cannot write"):
        workshop.study(tmp_path / "file" / "study", "--sizes", 8)
    assert conversion.sizes == []


@pytest.mark.parametrize(
    "options",
    [("--sizes", "8,many"), ("--sizes", "0"), ("--methods", "best"), ("--seeds", 0)],
    ids=str,
)
def test_a_misspelt_option_is_a_usage_error(
    workshop: Workshop, tmp_path: Path, options: tuple[object, ...]
) -> None:
    result = workshop.study(tmp_path, *options)
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr


def test_one_method_alone_is_drawn_and_tabulated(
    workshop: Workshop, tmp_path: Path
) -> None:
    study = read(workshop.folder / "finished")
    alone = study.model_copy(update={"rows": study.rows[:1]})
    write_study_report(tmp_path, alone)
    assert "stratified" in (tmp_path / "study.html").read_text()
    (row,) = study_table(alone).rows
    assert row[:3] == ("stratified", "8", "0")
