"""What a site's correction costs on the images the model comes from."""

import numpy as np

from hemalens.centred_crop import read_centred_crop
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier
from hemalens.errors import DatasetError
from hemalens.image_set import ImageSet
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px
from hemalens.progress import Progress
from hemalens.site_correction import HomeCost, SiteCorrection, site_corrected
from hemalens.split import Split


def home_cost(
    classifier: BundleClassifier,
    site: SiteCorrection,
    images: ImageSet,
    progress: Progress | None = None,
) -> HomeCost:
    """Compare answers with and without the correction.

    Parameters
    ----------
    classifier : BundleClassifier
        Of the parent.
    site : SiteCorrection
    images : ImageSet
        Those of the train split are left out: the model knows them.
    progress : callable, optional

    Raises
    ------
    DatasetError
        When none is left, or one cannot be read.
    """
    held_out = [one for one in images.images if one.split is not Split.TRAIN]
    if not held_out:
        raise DatasetError(
            "no image of the validation or test split to measure the cost on: give "
            "another --home"
        )
    taken = classifier.manifest.input
    stated = images.card.pixel_size_um if images.card else None
    side_px = crop_side_px(stated or PBC_PIXEL_SIZE_UM, taken.crop_side_um)
    before = np.empty((len(held_out), len(CLASS_NAMES)), np.float32)
    for index, image in enumerate(held_out):
        crop = read_centred_crop(image.path, side_px, taken.size_px)
        before[index] = classifier.classify(crop[np.newaxis])[0]
        if progress is not None:
            progress(index + 1, len(held_out))
    true = np.array([CLASS_NAMES.index(one.class_name) for one in held_out])
    was, became = (
        given.argmax(axis=1) == true for given in (before, site_corrected(before, site))
    )
    recalls = {
        index: (float(was[true == index].mean()), float(became[true == index].mean()))
        for index in np.unique(true).tolist()
    }
    worst = max(recalls, key=lambda index: recalls[index][0] - recalls[index][1])
    return HomeCost(
        dataset_digest=images.digest,
        n=len(true),
        accuracy_before=float(was.mean()),
        accuracy_after=float(became.mean()),
        worst_class=CLASS_NAMES[worst],
        worst_recall_before=recalls[worst][0],
        worst_recall_after=recalls[worst][1],
    )
