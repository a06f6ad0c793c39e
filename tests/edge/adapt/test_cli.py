import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge.adapt.cli import adapt
from edge.adapt.home_cost import home_cost
from hemalens.bundle import read_bundle
from hemalens.classifier import BundleClassifier
from hemalens.errors import ConfigError, DatasetError, StorageError
from hemalens.image_set import read_class_folders
from hemalens.site_correction import SiteCorrection, site_corrected
from hemalens.split import Split
from tests.edge.adapt.conftest import Site


def run(site: Site, output: Path, *options: str, cells: Path | None = None) -> Result:
    given = [str(site.bundle), "--cells", str(cells or site.cells), "--threads", "1"]
    return CliRunner().invoke(adapt, [*given, "--output", str(output), *options])


@pytest.fixture(scope="module")
def adapted(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Result]:
    output = tmp_path_factory.mktemp("adapted") / "new.hemalens"
    return output, run(site, output)


def test_a_pale_stain_is_corrected(adapted: tuple[Path, Result]) -> None:
    _, result = adapted
    assert result.exit_code == 0, result.output
    assert "passed: surely a gain" in result.output
    assert "cnn 1.1.1, not validated, unsigned" in result.output
    assert "At home: not measured" in result.output


def test_the_new_bundle_names_its_parent_and_its_proof(
    site: Site, adapted: tuple[Path, Result]
) -> None:
    parent, new = read_bundle(site.bundle), read_bundle(adapted[0])
    found = new.manifest.site
    assert found is not None
    assert (found.parent_version, found.parent_sha256) == ("1.1.0", parent.sha256)
    images = read_class_folders(site.cells)
    assert found.labels_digest == images.digest
    assert found.cells == {n: k for n, k in images.counts().items() if k}
    assert found.proof.n == len(images.images)
    assert found.proof.passed
    assert found.proof.gain > 0.05


def test_everything_else_is_the_parents(
    site: Site, adapted: tuple[Path, Result]
) -> None:
    parent, new = read_bundle(site.bundle), read_bundle(adapted[0])
    assert new.model == parent.model
    assert (new.golden.outputs == parent.golden.outputs).all()
    undone = {
        "site": None,
        "version": parent.manifest.version,
        "evidence": parent.manifest.evidence,
        "measured": parent.manifest.measured,
    }
    assert new.manifest.model_copy(update=undone) == parent.manifest


def test_the_parents_evidence_is_not_the_new_bundles(
    site: Site, adapted: tuple[Path, Result]
) -> None:
    parent, new = read_bundle(site.bundle), read_bundle(adapted[0])
    assert parent.evidence is not None
    assert parent.manifest.measured is not None
    assert new.evidence is new.manifest.evidence is new.manifest.measured is None


def test_it_is_said_what_the_correction_costs_at_home(
    site: Site, adapted: tuple[Path, Result]
) -> None:
    """The pale cells stand in for home, where a correction gains or costs alike."""
    parent, new = read_bundle(site.bundle), read_bundle(adapted[0])
    assert new.manifest.site is not None
    images = read_class_folders(site.cells)
    classifier = BundleClassifier(parent, threads=1)
    cost = home_cost(classifier, new.manifest.site, images)
    held_out = [one for one in images.images if one.split is not Split.TRAIN]
    assert cost.n == len(held_out)
    assert cost.dataset_digest == images.digest
    assert cost.accuracy_after > cost.accuracy_before
    undone = new.manifest.site.model_copy(
        update={"matrix": tuple(map(tuple, np.eye(8).tolist())), "offsets": (0.0,) * 8}
    )
    none = home_cost(classifier, undone, images)
    assert none.accuracy_after == none.accuracy_before == cost.accuracy_before
    trained = replace(
        images, images=tuple(i for i in images.images if i.split is Split.TRAIN)
    )
    with pytest.raises(DatasetError, match="another --home"):
        home_cost(classifier, undone, trained)


def test_a_device_runs_it_with_its_correction(
    site: Site, adapted: tuple[Path, Result]
) -> None:
    parent, new = read_bundle(site.bundle), read_bundle(adapted[0])
    assert new.manifest.site is not None
    plain = BundleClassifier(parent, threads=1).classify(parent.golden.inputs)
    found = BundleClassifier(new, threads=1).classify(parent.golden.inputs)
    assert (found == site_corrected(plain, new.manifest.site)).all()


def test_an_adapted_bundle_is_not_adapted_again(
    site: Site, adapted: tuple[Path, Result], tmp_path: Path
) -> None:
    again = Site(cells=site.cells, bundle=adapted[0])
    result = run(again, tmp_path / "again.hemalens")
    assert isinstance(result.exception, ConfigError)
    assert "adapt its parent 1.1.0" in str(result.exception)


def test_no_gain_writes_nothing_and_exits_3(site: Site, tmp_path: Path) -> None:
    """The classes that the pale stain leaves alone need no correction."""
    cells = tmp_path / "cells"
    kept = ("basophil", "eosinophil", "ig", "monocyte", "neutrophil", "platelet")
    for name in kept:
        shutil.copytree(site.cells / name, cells / name)
    output = tmp_path / "new.hemalens"
    result = run(site, output, "--json", cells=cells)
    assert result.exit_code == 3
    assert not output.exists()
    found = SiteCorrection.model_validate(json.loads(result.stdout))
    assert not found.proof.passed
    assert "not passed" in result.stderr


def test_a_version_has_to_be_higher(site: Site, tmp_path: Path) -> None:
    result = run(site, tmp_path / "new.hemalens", "--version", "1.1.0")
    assert isinstance(result.exception, ConfigError)
    assert "above the parent's 1.1.0, got 1.1.0" in str(result.exception)


@pytest.mark.parametrize("version", ["2", "1.2.x", "1.2.3.4"])
def test_a_version_has_three_numbers(site: Site, tmp_path: Path, version: str) -> None:
    result = run(site, tmp_path / "new.hemalens", "--version", version)
    assert isinstance(result.exception, ConfigError)
    assert version in str(result.exception)


def test_too_few_cells_are_refused(site: Site, tmp_path: Path) -> None:
    cells = tmp_path / "cells"
    shutil.copytree(site.cells / "monocyte", cells / "monocyte")
    result = run(site, tmp_path / "new.hemalens", cells=cells)
    assert isinstance(result.exception, DatasetError)
    assert "at least 50" in str(result.exception)


def test_a_file_that_is_there_is_not_written_over(site: Site, tmp_path: Path) -> None:
    output = tmp_path / "new.hemalens"
    output.write_bytes(b"mine")
    assert isinstance(run(site, output).exception, StorageError)
    assert output.read_bytes() == b"mine"


def test_another_suffix_is_refused(site: Site, tmp_path: Path) -> None:
    result = run(site, tmp_path / "new.zip")
    assert isinstance(result.exception, ConfigError)
