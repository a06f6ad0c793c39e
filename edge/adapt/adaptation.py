"""From labelled cells to a bundle of its own version that names its parent."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from edge.adapt.choose_penalty import fit_best
from edge.adapt.fit_correction import FittedCorrection
from edge.adapt.home_cost import home_cost
from edge.adapt.labelled_cells import (
    LabelledCells,
    read_labelled_cells,
    require_enough,
)
from edge.adapt.proof import prove
from edge.records.population import Population
from hemalens.bundle import Bundle, bundle_bytes
from hemalens.classifier import BundleClassifier
from hemalens.errors import ConfigError
from hemalens.image_set import ImageSet
from hemalens.manifest import Manifest, version_numbers
from hemalens.progress import Progress
from hemalens.site_correction import SiteCorrection, SiteProof

_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptSettings:
    """How to adapt.

    Parameters
    ----------
    version : str, optional
        Of the new bundle; the parent's with its last number one higher else.
    population : Population
        Whose blood the site counts.
    threads : int, optional
        Threads of one inference.
    """

    version: str | None = None
    population: Population = Population.UNRESTRICTED
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """A correction with its proof.

    Parameters
    ----------
    manifest : Manifest
        Of the bundle adapted; the proof says whether it may be used.
    site : SiteCorrection
    """

    manifest: Manifest
    site: SiteCorrection

    @property
    def proof(self) -> SiteProof:
        """What was measured on cells held back."""
        return self.site.proof


def adapt_bundle(
    bundle: Bundle,
    images: ImageSet,
    settings: AdaptSettings | None = None,
    progress: Progress | None = None,
    home: ImageSet | None = None,
) -> Adaptation:
    """Fit a correction to labelled cells and prove it on those held back.

    Temperature and threshold stay the parent's: an error in 200 cells, which they
    promise, cannot be shown on so few labels.

    Parameters
    ----------
    bundle : Bundle
    images : ImageSet
        Crops as ``hemalens count --save-crops`` writes them, sorted by class.
    settings : AdaptSettings, optional
    progress : callable, optional
    home : ImageSet, optional
        Images like those the model was trained on, to say what it costs there.

    Raises
    ------
    ConfigError
        When the bundle is adapted already, or the version no higher than its own.
    DatasetError
        When the labels are too few or cannot be used.
    """
    settings = settings or AdaptSettings()
    version = _new_version(bundle.manifest, settings.version)
    require_enough(images, bundle.manifest.classes)
    classifier = BundleClassifier(bundle, threads=settings.threads)
    cells = read_labelled_cells(images, classifier, progress)
    threshold = bundle.manifest.thresholds.minimum_probability
    proof = prove(cells, threshold, settings.population)
    fitted = fit_best(cells, np.random.default_rng(0))
    site = _site(bundle, images, cells, fitted, proof)
    if home is not None:
        cost = home_cost(classifier, site, home, progress)
        site = site.model_copy(update={"home": cost})
    manifest = bundle.manifest.model_copy(
        update={"version": version, "site": site, "evidence": None, "measured": None}
    )
    return Adaptation(manifest=manifest, site=site)


def adapted_bytes(bundle: Bundle, adaptation: Adaptation) -> bytes:
    """Pack the parent's parts with the new manifest.

    Signature and validation fall away: they were of the parent, which answers cells
    otherwise.

    Raises
    ------
    ConfigError
        When the adaptation did not pass its proof.
    """
    if not adaptation.proof.passed:
        raise ConfigError("the adaptation has not passed: it may not be used")
    return bundle_bytes(
        adaptation.manifest,
        bundle.model,
        bundle.golden,
        trained_images=bundle.trained_images,
    )


def _new_version(parent: Manifest, wanted: str | None) -> str:
    if parent.site is not None:
        raise ConfigError(
            f"{parent.name} {parent.version} is adapted already: adapt its parent "
            f"{parent.site.parent_version}, with all the labelled cells"
        )
    first, second, third = parent.version.split(".")
    version = wanted or f"{first}.{second}.{int(third) + 1}"
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ConfigError(f"wanted a version such as 1.1.1, got {version}")
    if version_numbers(version) <= version_numbers(parent.version):
        raise ConfigError(
            f"wanted a version above the parent's {parent.version}, got {version}: "
            "a device takes no lower one"
        )
    return version


def _site(
    bundle: Bundle,
    images: ImageSet,
    cells: LabelledCells,
    fitted: FittedCorrection,
    proof: SiteProof,
) -> SiteCorrection:
    matrix, offsets = fitted.matrix.round(_DECIMALS), fitted.offsets.round(_DECIMALS)
    return SiteCorrection(
        matrix=tuple(tuple(row) for row in matrix.tolist()),
        offsets=tuple(offsets.tolist()),
        parent_version=bundle.manifest.version,
        parent_sha256=bundle.sha256,
        cells=cells.counts(),
        labels_digest=images.digest,
        fitted_at=datetime.now(UTC).replace(microsecond=0),
        proof=proof,
    )
