from pathlib import Path

import pytest

from hemalens.errors import TrainingError
from tests.train.evaluation.run_folders import write_run, write_run_bundle
from train.evaluation.finished_run import read_group, read_groups, read_history


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = write_run(tmp_path / "run")
    (folder / "best.keras").touch()
    return folder


def test_a_finished_run_is_read_whole(run: Path) -> None:
    (only,) = read_group(run).runs
    assert [epoch.epoch for epoch in only.history] == [1, 2, 3]
    assert only.bundle is None


def test_an_unfinished_run_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "short", epochs=5, done=2)
    with pytest.raises(TrainingError, match=r"short is not finished, 2 of 5 epochs"):
        read_group(run)


def test_a_run_without_an_epoch_is_unfinished(run: Path) -> None:
    (run / "history.json").unlink()
    with pytest.raises(TrainingError, match=r"0 of 3 epochs"):
        read_group(run)


@pytest.mark.parametrize("content", [b"[{", b'[{"epoch": 1}]', b"\xff"])
def test_a_damaged_history_is_named(run: Path, content: bytes) -> None:
    (run / "history.json").write_bytes(content)
    with pytest.raises(TrainingError, match=r"history\.json is damaged"):
        read_group(run)


def test_a_run_without_its_model_is_damaged(run: Path) -> None:
    (run / "best.keras").unlink()
    with pytest.raises(TrainingError, match=r"run is damaged, best\.keras is missing"):
        read_group(run)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="nowhere is no run"):
        read_group(tmp_path / "nowhere")


def test_a_run_of_another_split_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", split_rule="at random")
    with pytest.raises(TrainingError, match=r"another split \(at random\)"):
        read_group(run)


def test_seeds_are_one_group_in_their_order(tmp_path: Path) -> None:
    for seed in (10, 2, 0):
        run = write_run(tmp_path / "cnn" / f"seed-{seed}", seed=seed)
        (run / "best.keras").touch()
    group = read_group(tmp_path / "cnn")
    assert group.name == "cnn"
    assert [run.record.recipe.seed for run in group.runs] == [0, 2, 10]


def test_seeds_of_different_recipes_are_refused(tmp_path: Path) -> None:
    for seed, model in enumerate(("cnn", "vgg16")):
        run = write_run(tmp_path / f"seed-{seed}", model=model, seed=seed)
        (run / "best.keras").touch()
    with pytest.raises(TrainingError, match="more than its seed"):
        read_group(tmp_path)


def test_an_unfinished_seed_is_named(tmp_path: Path) -> None:
    write_run(tmp_path / "seed-0", done=1)
    with pytest.raises(TrainingError, match="seed-0 is not finished"):
        read_group(tmp_path)


def test_folders_of_one_name_go_by_their_path(tmp_path: Path) -> None:
    paths = [write_run(tmp_path / parent / "cnn") for parent in ("a", "b")]
    for path in paths:
        (path / "best.keras").touch()
    assert [group.name for group in read_groups(paths)] == [str(p) for p in paths]


def test_the_newest_bundle_of_a_run_counts(run: Path) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.0"):
        write_run_bundle(run / f"cnn-{version}.hemalens", version=version)
    (only,) = read_group(run).runs
    assert only.bundle is not None
    assert only.bundle.manifest.version == "1.10.0"


def test_a_bundle_of_another_model_is_named(run: Path) -> None:
    write_run_bundle(run / "stray.hemalens", architecture="mobilenetv2")
    with pytest.raises(TrainingError, match=r"stray\.hemalens is of another model"):
        read_group(run)


def test_a_folder_without_history_has_no_curves(tmp_path: Path) -> None:
    assert read_history(tmp_path) == ()
