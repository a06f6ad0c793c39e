from pathlib import Path

import pytest

from edge.bundles import open_bundle
from hemalens.bundle import Bundle
from hemalens.classifier import BundleClassifier
from tests.convert.studies.transfer.made_fields import MadeSet, make_fields


@pytest.fixture(scope="session")
def made_fields(tmp_path_factory: pytest.TempPathFactory) -> MadeSet:
    return make_fields(tmp_path_factory.mktemp("fields"), 14)


@pytest.fixture(scope="session")
def bundle() -> Bundle:
    return open_bundle("cnn")


@pytest.fixture(scope="session")
def classifier(bundle: Bundle) -> BundleClassifier:
    return BundleClassifier(bundle)


@pytest.fixture
def empty_set(tmp_path: Path) -> Path:
    (tmp_path / "wbc_types.csv").write_text("image,wbc_types\n")
    return tmp_path
