from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from calibration.calibration_set import read_calibration_set
from calibration.cli import calibrate
from calibration.methods import METHODS
from hemalens.errors import HemaLensError


def choose(*options: object) -> Result:
    arguments = ["set", *map(str, options)]
    return CliRunner().invoke(calibrate, arguments, catch_exceptions=False)


@pytest.mark.parametrize("method", METHODS)
def test_a_set_is_chosen_from_class_folders(
    drawn_dataset: Path, tmp_path: Path, method: str
) -> None:
    output = tmp_path / "set.json"
    result = choose(
        *("--data", drawn_dataset, "--method", method, "--size", 20),
        *("--output", output),
    )
    chosen = read_calibration_set(output)
    assert (chosen.method, len(chosen.images)) == (method, 20)
    digest = chosen.digest[:12]
    assert result.output == f"20 images in {output}, digest {digest}\n"


@pytest.mark.parametrize("method", METHODS)
def test_a_set_is_chosen_from_images_without_a_class(
    drawn_dataset: Path, tmp_path: Path, method: str
) -> None:
    output = tmp_path / "set.json"
    choose(
        *("--data", drawn_dataset / "ig", "--unlabelled", "--method", method),
        *("--size", 4, "--output", output),
    )
    chosen = read_calibration_set(output)
    assert [image.class_name for image in chosen.images] == [None] * 4


@dataclass(frozen=True)
class Refused:
    name: str
    options: tuple[object, ...]
    says: str


REFUSED = (
    Refused("too many", ("--size", 49), "size from 8 to 48"),
    Refused("too few for the classes", ("--size", 7), "size from 8 to 48"),
    Refused("class folders without a class", ("--unlabelled",), "not class folders"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
@pytest.mark.parametrize("method", METHODS)
def test_what_cannot_be_chosen_is_refused_and_nothing_written(
    drawn_dataset: Path, tmp_path: Path, case: Refused, method: str
) -> None:
    output = tmp_path / "set.json"
    with pytest.raises(HemaLensError, match=case.says):
        choose(
            *("--data", drawn_dataset, "--method", method, *case.options),
            *("--output", output),
        )
    assert not output.exists()


def test_an_unknown_method_is_a_usage_error(tmp_path: Path) -> None:
    result = choose("--data", tmp_path, "--method", "best", "--output", tmp_path / "a")
    assert result.exit_code == 2
    assert "'stratified', 'k-centre'" in result.stderr
