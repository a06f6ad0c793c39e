"""A float model as training leaves it, for tests that convert and do not train."""

from pathlib import Path
from zipfile import ZipFile

import keras

from hemalens.image_set import ImageSet
from hemalens.split import Split
from train.networks.paper_cnn import cnn
from train.recipe import Recipe
from train.run import RECORD, new_record


def write_untrained_model(path: Path, images: ImageSet, seed: int = 1) -> Path:
    """Write a small ``cnn`` of random weights that says it was trained on images."""
    keras.utils.set_random_seed(seed)
    network = cnn(32, width=0.25)
    network.save(path)
    record = new_record(
        Recipe(model="cnn", input_size_px=32, width=0.25),
        images.digest,
        *(len(images.of_split(one).images) for one in (Split.TRAIN, Split.VALIDATION)),
    )
    with ZipFile(path, "a") as archive:
        archive.writestr(RECORD, record.model_dump_json())
    return path
