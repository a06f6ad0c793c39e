from pathlib import Path

import pytest

from hemalens.errors import TrainingError
from hemalens.image_set import read_class_folders
from tests.train.evaluation.flat_dataset import (
    VALIDATION,
    constant_network,
    knowing_network,
)
from tests.train.evaluation.run_folders import write_run, write_run_bundle
from train.evaluation.compare import Terms, compare_groups
from train.evaluation.comparison import Comparison
from train.evaluation.comparison_tables import comparison_tables, markdown
from train.evaluation.finished_run import read_groups


@pytest.fixture(scope="module")
def terms(flat_dataset: Path, crop_cache: Path) -> Terms:
    return Terms(
        images=read_class_folders(flat_dataset),
        cache=crop_cache,
        resubstitution=True,
    )


@pytest.fixture(scope="module")
def compared(terms: Terms, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """One model with two seeds, one seed of no use, and a converted single run."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "cnn" / "seed-0", knowing_network())
    write_run(folder / "cnn" / "seed-1", constant_network(), seed=1)
    single = write_run(folder / "vgg16", knowing_network(), model="vgg16")
    write_run_bundle(single / "vgg16.hemalens", architecture="vgg16")
    groups = read_groups([folder / "cnn", folder / "vgg16"])
    return compare_groups(groups, terms)


def test_seeds_give_mean_and_spread(compared: Comparison) -> None:
    accuracy = compared.models[0].accuracy
    assert (accuracy.minimum, accuracy.maximum) == (1 / 8, 1)
    assert accuracy.mean == pytest.approx(9 / 16)
    assert accuracy.sample_sd == pytest.approx(7 / 8 / 2**0.5)
    assert compared.models[1].accuracy.sample_sd is None


def test_errors_are_counted_by_class(compared: Comparison) -> None:
    """The constant seed is right about basophils only; the mean halves its errors."""
    errors = compared.models[0].errors
    assert errors["basophil"] == 0
    assert {errors[name] for name in errors if name != "basophil"} == {VALIDATION / 2}


def test_held_out_images_alone_make_the_accuracy(compared: Comparison) -> None:
    assert compared.n == 8 * VALIDATION
    (run,) = compared.models[1].runs
    assert run.held_out.n == 8 * VALIDATION
    assert run.resubstitution is not None
    assert run.resubstitution.n == 40


def test_cost_is_that_of_the_network(compared: Comparison) -> None:
    cost = compared.models[1].cost
    assert (cost.input_size_px, cost.weights, cost.macs) == (32, 3 * 8 + 8, 3 * 8)
    assert cost.inference_images_per_second > 0
    (run,) = compared.models[1].runs
    assert run.training_images_per_second == 200


def test_int8_figures_are_the_bundles(compared: Comparison) -> None:
    cnn, vgg16 = compared.models
    assert cnn.int8_bytes is None
    assert vgg16.int8_bytes == 2_500
    assert vgg16.int8_accuracy is not None
    assert vgg16.int8_accuracy.mean == 0.875


def test_tables_say_what_each_figure_is(compared: Comparison) -> None:
    accuracy, errors, cost = comparison_tables(compared)
    cnn, vgg16 = (
        dict(zip(accuracy.columns, row, strict=True)) for row in accuracy.rows
    )
    assert cnn["model"] == "cnn (2 seeds)"
    assert cnn["int8 accuracy"] == "not converted"
    assert cnn["the paper's own"] == "99.91 % (resubstitution)"
    assert vgg16["the paper's own"] == "92.8 % (frozen backbone)"
    assert vgg16["resubstitution"] == "100.00 %"
    assert any("training images included" in note for note in accuracy.notes)
    assert dict(zip(errors.columns, errors.rows[0], strict=True))["all"] == "7"
    assert cost.rows[0][-1] == "1.00"


def test_markdown_rows_have_as_many_cells_as_columns(compared: Comparison) -> None:
    lines = [line for line in markdown(compared).splitlines() if line.startswith("|")]
    assert len(lines) == 3 * (2 + len(compared.models))
    for first in range(0, len(lines), 4):
        assert len({line.count("|") for line in lines[first : first + 4]}) == 1


def test_resubstitution_is_not_shown_unasked(compared: Comparison) -> None:
    models = tuple(
        model.model_copy(update={"resubstitution_accuracy": None})
        for model in compared.models
    )
    accuracy = comparison_tables(compared.model_copy(update={"models": models}))[0]
    assert "resubstitution" not in accuracy.columns


def test_a_damaged_model_is_named(terms: Terms, tmp_path: Path) -> None:
    run = write_run(tmp_path / "broken", knowing_network())
    whole = (run / "best.keras").read_bytes()
    (run / "best.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TrainingError, match=r"broken/best\.keras"):
        compare_groups(read_groups([run]), terms)
