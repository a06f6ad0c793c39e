"""The steps of a count as one writes them with scikit-image and SciPy: the peer.

A count's steps without a learned finder: cells by stain, edges and physical limits,
with what scikit-image offers for each: no OpenCV, no code of the product but its
records. Images are float32, as scikit-image keeps them.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage as ndi
from scipy.spatial import KDTree
from scipy.spatial.distance import pdist
from skimage import (
    draw,
    feature,
    filters,
    measure,
    morphology,
    segmentation,
    transform,
    util,
)

from hemalens.classes import CellKind
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, RED_CELL_DIAMETER_UM
from hemalens.records import Box, Detection
from tests.benchmarks.classical_kinds import (
    WORK_PIXEL_SIZE_UM,
    StainedObject,
    tell_kind,
    to_px,
    to_px2,
)

FloatImage = NDArray[np.float32]
Mask = NDArray[np.bool_]
LabelImage = NDArray[np.int32]

RED_CELL: Final = frozenset({CellKind.RED_CELL})

RULER_SHRINK: Final = 0.41
"""The ruler's frame is so much smaller: its smallest red cells are 14 px wide."""

SOUGHT_PIXEL_SIZES_UM: Final = (0.045, 0.22)
"""Those of common microscopes; another one says that clumps were taken for cells."""

DIAMETER_OVER_DEPTH: Final = 2.42
"""Width of a red cell's box over its mask's depth: cells are ovals, some are cut short
by a neighbour (measured on 30 BCCD and 16 PBC images, 2026-11)."""

EDGE_SMOOTHING_PX: Final = 1.0
"""Canny's own blur."""

EDGE_LOW_HIGH: Final = (0.32, 0.72)
"""Canny's thresholds over a red cell's density: `feature.canny` uses Sobel's sum of
eight, so 0.04 and 0.09 a pixel."""

LEAST_VOTE: Final = 1.4
"""Of nine neighbouring pixels together; lower ones are no red cells (measured on a
drawn field and 16 of BCCD, 2026-11)."""

FEWEST_RED_CELLS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stain:
    """The work image, measured and sorted."""

    density: FloatImage
    index: FloatImage
    cells: Mask
    stained: Mask
    dark: Mask
    red_like: Mask
    red_density: float
    red_index: float
    red_yellowness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A red cell as a circle in the work image."""

    row: float
    column: float
    radius: float


def find_cells(
    image: NDArray[np.uint8], pixel_size_um: float | None = None
) -> tuple[list[Detection], float]:
    """Find the cells of an RGB frame; also gives the pixel size worked with."""
    pixel_size_um = pixel_size_um or measure_pixel_size_um(image) or PBC_PIXEL_SIZE_UM
    shrink = pixel_size_um / WORK_PIXEL_SIZE_UM
    stain = measure_stain(_rescale(image, shrink))
    if stain is None:
        return [], pixel_size_um
    return _find_in_stain(stain, image.shape), pixel_size_um


def _find_in_stain(stain: Stain, shape: tuple[int, ...]) -> list[Detection]:
    nuclei = find_nuclei(stain)
    filled = morphology.remove_small_holes(stain.cells, max_size=int(to_px2(14)))
    discs = find_red_discs(stain, filled & (nuclei == 0))
    white_cells = grow_cytoplasm(nuclei, stain, _red_ground(discs, stain))
    platelets = find_platelets(stain, white_cells > 0)
    is_small = (platelets > 0) & ~stain.red_like
    red_mask = morphology.isotropic_opening(
        filled & (white_cells == 0) & ~is_small, to_px(0.4)
    )
    red_cells = split_red_cells(discs, red_mask)
    found = _stained_objects(white_cells, stain, shape)
    found += _stained_objects(platelets, stain, shape)
    return found + _red_cells(red_cells, shape)


def _rescale(image: NDArray[np.uint8], shrink: float) -> FloatImage:
    height, width = (max(1, round(side * shrink)) for side in image.shape[:2])
    small = transform.resize(util.img_as_float32(image), (height, width))
    return np.asarray(small, np.float32)


def measure_pixel_size_um(image: NDArray[np.uint8]) -> float | None:
    """Measure the scale from the red cells: how deep their mask is at their middles."""
    density = optical_density(_rescale(image, RULER_SHRINK))
    if density is None:
        return None
    green = filters.gaussian(density[..., 1], 1.0)
    is_cell = green > filters.threshold_otsu(np.clip(green, 0, 0.3))
    is_cell = green > 0.4 * np.median(green[is_cell])
    is_cell = morphology.remove_small_holes(is_cell, max_size=150)
    depth = filters.gaussian(ndi.distance_transform_edt(is_cell), 1.0)
    middles = tuple(feature.peak_local_max(depth, 6, 5, exclude_border=8).T)
    if len(middles[0]) < FEWEST_RED_CELLS:
        return None
    stain = ndi.uniform_filter(_nuclear_index(density), 5)[middles]
    is_red = stain <= 2 * max(0.0, float(np.percentile(stain, 40))) + 0.05
    diameter_px = DIAMETER_OVER_DEPTH * _median_by_area(depth[middles][is_red])
    pixel_size_um = RED_CELL_DIAMETER_UM * RULER_SHRINK / diameter_px
    finest, coarsest = SOUGHT_PIXEL_SIZES_UM
    return pixel_size_um if finest <= pixel_size_um <= coarsest else None


def _median_by_area(radii: FloatImage) -> float:
    """Give the radius that the middle pixel belongs to: platelets count for little."""
    radii = np.sort(radii)
    total = np.cumsum(radii**2)
    return float(radii[np.searchsorted(total, total[-1] / 2)])


def optical_density(image: FloatImage) -> FloatImage | None:
    """Measure density against the light; None where there is no light."""
    levels = np.log(255 * image + 1)
    height, width = image.shape[:2]
    shrink = min(1.0, 64 / max(height, width))
    coarse = transform.resize(levels, (round(height * shrink), round(width * shrink)))
    coefficients = _fit_background(coarse)
    surface = (_surface_terms(height, width) @ coefficients).reshape(image.shape)
    background = np.clip(surface, 0, math.log(256))
    if math.exp(background[..., 1].max()) < 24:
        return None
    return np.maximum(background - levels, -0.2).astype(np.float32)


def _surface_terms(height: int, width: int) -> FloatImage:
    y, x = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32),
        np.linspace(-1, 1, width, dtype=np.float32),
        indexing="ij",
    )
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
    return terms.reshape(-1, 6)


def _fit_background(coarse: FloatImage) -> FloatImage:
    """Fit a quadratic surface to the empty slide, from the upper envelope down."""
    terms, levels = _surface_terms(*coarse.shape[:2]), coarse.reshape(-1, 3)

    def fit(weights: FloatImage) -> FloatImage:
        weighted = (terms * weights[:, None]).T
        # A trace of ridge: a frame may have too few pixels near the surface.
        normal = weighted @ terms + 1e-4 * np.eye(6, dtype=np.float32)
        solved = np.linalg.solve(normal, weighted @ levels)
        return np.asarray(solved, np.float32)

    weights = np.ones(len(levels), np.float32)
    for _ in range(15):
        above = levels[:, 1] > terms @ fit(weights)[:, 1]
        weights = np.where(above, 0.98, 0.02).astype(np.float32)
    near = np.abs(levels[:, 1] - terms @ fit(weights)[:, 1]) < 0.08
    for _ in range(3):
        if np.count_nonzero(near) < 12:
            near = np.ones(len(levels), np.bool_)
            break
        away = np.abs(levels[:, 1] - terms @ fit(near.astype(np.float32))[:, 1])
        near = away < max(0.02, 2.5 * 1.48 * float(np.median(away[near])))
    return fit(near.astype(np.float32))


def _nuclear_index(density: FloatImage) -> FloatImage:
    return density[..., 0] + density[..., 1] - density[..., 2]


def measure_stain(work_image: FloatImage) -> Stain | None:
    """Sort the work image's pixels by this frame's own stain; None without cells."""
    raw = optical_density(work_image)
    if raw is None:
        return None
    density = filters.gaussian(raw, 0.8, channel_axis=-1)
    green, index = density[..., 1], _nuclear_index(density)
    cell = float(filters.threshold_otsu(np.clip(green, 0, 0.3)))
    if np.median(green[green > cell]) < 0.09:
        return None
    split = float(filters.threshold_otsu(index[green > cell]))
    is_red = (green > cell) & (index <= split)
    red_index, red_density = (float(np.median(of[is_red])) for of in (index, green))
    spread = 1.48 * float(np.median(np.abs(index[is_red] - red_index)))
    above_red = float(np.clip(4 * spread, 0.5 * red_density, red_density))
    yellowness = float(np.median(density[..., 2][is_red] / green[is_red]))
    cell = max(0.045, min(cell, 0.4 * red_density))
    stained = index > red_index + above_red
    cells = (green > cell) | stained
    solid = morphology.isotropic_opening(cells, to_px(0.5))
    if np.count_nonzero(solid) < 0.7 * np.count_nonzero(cells):
        return None
    smooth = filters.gaussian(density[..., 1:], 2.0, channel_axis=-1)
    haemoglobin = smooth[..., 1] > 0.7 * yellowness * smooth[..., 0]
    is_pale = index < red_index + above_red / 2
    return Stain(
        density=density,
        index=index,
        cells=cells,
        stained=stained,
        dark=index > max(split, red_index + red_density),
        red_like=haemoglobin & (smooth[..., 0] > cell) & is_pale,
        red_density=red_density,
        red_index=red_index,
        red_yellowness=yellowness,
    )


def find_nuclei(stain: Stain) -> LabelImage:
    """Label the nuclei, the lobes of one together and touching ones apart."""
    dark = morphology.isotropic_closing(stain.dark, to_px(0.2))
    dark = morphology.remove_small_holes(dark, max_size=int(to_px2(12)))
    dark = morphology.isotropic_opening(dark, to_px(0.3))
    dark = morphology.remove_small_objects(dark, max_size=int(to_px2(1)))
    pieces = _split_touching(measure.label(dark))
    nuclei = _group_lobes(pieces, stain.cells)
    for region in measure.regionprops(nuclei, stain.density):
        _, green, blue = region.intensity_mean
        is_nucleus = to_px2(9) <= region.area <= to_px2(600) and blue <= 0.65 * green
        if not is_nucleus:
            nuclei[region.slice][region.image] = 0
    return segmentation.relabel_sequential(nuclei)[0]


def _split_touching(pieces: LabelImage) -> LabelImage:
    """Part touching nuclei by watershed where a neck is narrow for both."""
    count = int(pieces.max())
    for region in measure.regionprops(pieces):
        if region.area < to_px2(60):
            continue
        parts = _parts_of(region.image)
        if parts.max() > 1:
            is_new = parts > 1
            pieces[region.slice][is_new] = count + parts[is_new] - 1
            count += int(parts.max()) - 1
    return pieces


def _parts_of(piece: Mask) -> LabelImage:
    depth = ndi.distance_transform_edt(np.pad(piece, 1))[1:-1, 1:-1]
    peaks = measure.label(morphology.h_maxima(depth, 0.28 * depth.max()))
    parts = segmentation.watershed(-depth, peaks, mask=piece)
    areas = np.bincount(parts.ravel())
    is_kept = areas[peaks] >= to_px2(30)
    kept = segmentation.relabel_sequential(np.where(is_kept, peaks, 0))[0]
    return segmentation.watershed(-depth, kept, mask=piece)


def _group_lobes(pieces: LabelImage, cells: Mask) -> LabelImage:
    """Join pieces that lie close, nearest first, within a nucleus's extent and area."""
    rims = pieces * segmentation.find_boundaries(pieces, mode="inner")
    points = {region.label: region.coords for region in measure.regionprops(rims)}
    area = np.bincount(pieces.ravel())
    group = np.arange(len(area))
    for _, a, b in _lobe_pairs(points, cells):
        members = np.flatnonzero((group == group[a]) | (group == group[b]))
        together = np.concatenate([points[k] for k in members])
        is_compact = area[members].sum() <= to_px2(130)
        if is_compact and _extent(together) <= to_px(14.5):
            group[members] = group[a]
    return group[pieces].astype(np.int32)


def _extent(points: NDArray[np.int64]) -> float:
    return float(pdist(points[:: 1 + len(points) // 200]).max(initial=0))


def _lobe_pairs(
    points: dict[int, NDArray[np.int64]], cells: Mask
) -> list[tuple[float, int, int]]:
    trees = {label: KDTree(coordinates) for label, coordinates in points.items()}
    centres = KDTree([coordinates.mean(axis=0) for coordinates in points.values()])
    labels = list(points)
    pairs = []
    for i, j in centres.query_pairs(to_px(16)) if labels else ():
        a, b = labels[i], labels[j]
        gaps, nearest = trees[a].query(points[b])
        k = int(gaps.argmin())
        start, end = points[b][k], points[a][nearest[k]]
        is_on_cell = cells[draw.line(*start, *end)].mean() >= 0.8
        if gaps[k] <= to_px(1.8) and is_on_cell:
            pairs.append((float(gaps[k]), a, b))
    return sorted(pairs)


def _circle_votes(
    green: FloatImage, contrast: float, radii: NDArray[np.int64]
) -> FloatImage:
    low, high = (threshold * contrast for threshold in EDGE_LOW_HIGH)
    capped = np.minimum(green, 1.5 * contrast)
    edges = feature.canny(capped, EDGE_SMOOTHING_PX, low, high)
    votes = transform.hough_circle(edges, radii)
    # Red cells are not quite round: neighbouring votes are for the same cell.
    return np.stack([9 * ndi.uniform_filter(of.astype(np.float32), 3) for of in votes])


def find_red_discs(stain: Stain, cells: Mask) -> list[Disc]:
    """Find the circles red cells draw, the clearest first, each explaining new cell."""
    radii = np.arange(round(to_px(2.1)), round(to_px(4.7)) + 1)
    votes = _circle_votes(stain.density[..., 1], stain.red_density, radii)
    best = votes.max(axis=0)
    peaks = feature.peak_local_max(
        best,
        min_distance=round(to_px(0.9)),
        threshold_abs=LEAST_VOTE,
        exclude_border=False,
    )
    explained = np.zeros(cells.shape, np.bool_)
    discs = []
    for row, column in peaks:
        disc = Disc(
            row=row, column=column, radius=float(radii[votes[:, row, column].argmax()])
        )
        inside = _pixels_of(disc, cells.shape)
        if cells[inside].mean() >= 0.6 and explained[inside].mean() <= 0.4:
            explained[inside] = True
            discs.append(disc)
    return discs


def _pixels_of(
    disc: Disc, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return draw.disk((disc.row, disc.column), disc.radius + 0.5, shape=shape[:2])


def _red_ground(discs: list[Disc], stain: Stain) -> Mask:
    """Mask the red cells that cytoplasm must not enter."""
    ground = np.zeros(stain.cells.shape, np.bool_)
    for disc in discs:
        inside = _pixels_of(disc, ground.shape)
        on_cell = stain.cells[inside]
        if stain.red_like[inside][on_cell].mean() > 0.5:
            ground[inside] = True
    return ground & ~stain.stained


def grow_cytoplasm(nuclei: LabelImage, stain: Stain, red_ground: Mask) -> LabelImage:
    """Grow each nucleus over its cytoplasm, in competition with the red cells."""
    if not nuclei.any():
        return nuclei
    distance, nearest = _nearest_label(nuclei)
    reach = np.where(stain.red_like, to_px(2), to_px(6))
    cytoplasm = (distance <= reach) & stain.cells & ~red_ground
    body = np.where(cytoplasm | (nuclei > 0), nearest, 0)
    grown = np.zeros_like(nuclei)
    for region in measure.regionprops(body):
        nucleus = nuclei[region.slice] == region.label
        margin = round(to_px(1.4)) + 1
        padded = np.pad(region.image, margin, mode="edge")
        opened = morphology.isotropic_opening(padded, to_px(1.4))
        whole = opened[margin:-margin, margin:-margin] | nucleus
        pieces = measure.label(whole, connectivity=1)
        attached = np.isin(pieces, np.unique(pieces[nucleus]))
        attached = morphology.remove_small_holes(attached, max_size=int(to_px2(30)))
        free = grown[region.slice] == 0
        grown[region.slice][attached & free] = region.label
    return _join_halves(grown)


def _join_halves(label_image: LabelImage) -> LabelImage:
    """Join touching parts that together are one round cell."""
    wider = segmentation.expand_labels(label_image, to_px(0.6))
    highest = ndi.grey_dilation(wider, size=3)
    touching = (wider > 0) & (highest > wider)
    pairs = np.unique(np.stack([wider[touching], highest[touching]], axis=1), axis=0)
    for a, b in pairs:
        both = np.isin(label_image, (a, b))
        whole = morphology.isotropic_closing(both, to_px(0.6))
        (region,) = measure.regionprops(whole.astype(np.uint8))
        extent = region.feret_diameter_max
        is_round = region.area >= 0.64 * math.pi / 4 * extent**2
        if is_round and extent <= to_px(20.5):
            label_image[whole & (both | (label_image == 0))] = a
    return segmentation.relabel_sequential(label_image)[0]


def find_platelets(stain: Stain, white_cells: Mask) -> LabelImage:
    """Label the small stained pieces outside white cells that resemble platelets."""
    stained = morphology.isotropic_closing(stain.stained, to_px(0.2)) & ~white_cells
    cores = measure.label(stained)
    for region in measure.regionprops(cores):
        height, width = region.image.shape
        is_cut = _touches_edge(region.bbox, cores.shape)
        is_long = max(height, width) > 2.2 * min(height, width)
        is_core = region.area >= to_px2(0.55) and region.extent >= 0.55
        if not is_core or (is_long and not is_cut):
            cores[region.slice][region.image] = 0
    cores = segmentation.relabel_sequential(cores)[0]
    if not cores.any():
        return cores
    distance, nearest = _nearest_label(cores)
    is_platelet = _resemble_platelets(cores, nearest, distance, stain, white_cells)
    rim = (distance <= to_px(0.9)) & stain.cells & ~stain.red_like & ~white_cells
    whole = np.where((cores > 0) | rim, nearest, 0)
    return segmentation.relabel_sequential(np.where(is_platelet[whole], whole, 0))[0]


def _nearest_label(label_image: LabelImage) -> tuple[FloatImage, LabelImage]:
    distance, at = ndi.distance_transform_edt(label_image == 0, return_indices=True)
    return distance, label_image[tuple(at)]


def _resemble_platelets(
    cores: LabelImage,
    nearest: LabelImage,
    distance: FloatImage,
    stain: Stain,
    white_cells: Mask,
) -> Mask:
    """Judge each core, by number, by its colour and surroundings."""
    numbers = np.arange(1, cores.max() + 1)
    beside = np.where((distance > 0) & (distance <= 4.5), nearest, 0)
    ring = np.where((distance > 1.5) & ~white_cells, beside, 0)

    def mean(of: NDArray[np.generic], labels: LabelImage) -> NDArray[np.float64]:
        present = np.bincount(labels.ravel(), minlength=len(numbers) + 1)[1:] > 0
        means = np.zeros(len(numbers))
        means[present] = ndi.mean(of, labels, numbers[present])
        return means

    green, blue = (mean(stain.density[..., channel], cores) for channel in (1, 2))
    contrast = mean(stain.index, cores) - mean(stain.index, ring)
    is_clear = mean(~stain.cells, ring) >= 0.27
    resembles = (
        (blue < 0.5 * stain.red_yellowness * green)
        & (mean(white_cells, beside) <= 0.2)
        & (contrast >= np.where(is_clear, 1.2, 2.6) * stain.red_density)
    )
    return np.concatenate([[False], resembles])


def split_red_cells(discs: list[Disc], cells: Mask) -> LabelImage:
    """Part the red cells: watershed from the circles and from what they leave."""
    seeds = np.zeros(cells.shape, np.int32)
    explained = np.zeros(cells.shape, np.bool_)
    for disc in discs:
        inside = _pixels_of(disc, cells.shape)
        if cells[inside].mean() > 0.5:
            explained[inside] = True
            core = Disc(row=disc.row, column=disc.column, radius=0.6 * disc.radius)
            seeds[_pixels_of(core, cells.shape)] = seeds.max() + 1
    rest = morphology.isotropic_opening(cells & ~explained, to_px(0.8))
    depth = ndi.distance_transform_edt(rest)
    for row, column in feature.peak_local_max(
        depth,
        min_distance=round(to_px(3.5)),
        threshold_abs=to_px(1.35),
        exclude_border=False,
    ):
        to_edge = min(row, column, *(np.subtract(cells.shape, (row, column)) - 1))
        # Less of a cell may show where the frame's edge cuts it.
        if depth[row, column] < to_px(2.4) and to_edge > to_px(0.6):
            continue
        seeds[row, column] = seeds.max() + 1
    away = ndi.distance_transform_edt(seeds == 0)
    return segmentation.watershed(away, seeds, mask=cells)


def _touches_edge(bbox: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    top, left, bottom, right = bbox
    return min(top, left, shape[0] - bottom, shape[1] - right) == 0


def _stained_objects(
    label_image: LabelImage, stain: Stain, shape: tuple[int, ...]
) -> list[Detection]:
    found = []
    for region in measure.regionprops(label_image, stain.index):
        above_red = region.image_intensity[region.image] - stain.red_index
        deepest, deep = np.percentile(above_red, [95, 75])
        dark = stain.dark[region.slice] & region.image
        kind, possible_kinds = tell_kind(
            StainedObject(
                area_um2=region.area / to_px2(1),
                dark_area_um2=np.count_nonzero(dark) / to_px2(1),
                granularity=float(deepest / max(deep, 1e-3)),
                is_cut=_touches_edge(region.bbox, label_image.shape),
            )
        )
        found.append(
            _detection(region.bbox, kind, possible_kinds, label_image.shape, shape)
        )
    return found


def _red_cells(label_image: LabelImage, shape: tuple[int, ...]) -> list[Detection]:
    found = []
    for region in measure.regionprops(label_image):
        is_cut = _touches_edge(region.bbox, label_image.shape)
        if region.area >= to_px2(2.5 if is_cut else 15):
            found.append(
                _detection(
                    region.bbox, CellKind.RED_CELL, RED_CELL, label_image.shape, shape
                )
            )
    return found


def _detection(
    bbox: tuple[int, ...],
    kind: CellKind,
    possible_kinds: frozenset[CellKind],
    work_shape: tuple[int, ...],
    shape: tuple[int, ...],
) -> Detection:
    """Bring a box of the work image to the frame, with the faint rim around it."""
    margin = to_px(0.2)
    top, left, bottom, right = bbox
    y, x = shape[0] / work_shape[0], shape[1] / work_shape[1]
    box = Box(
        max(0, math.floor((left - margin) * x)),
        max(0, math.floor((top - margin) * y)),
        min(shape[1], math.ceil((right + margin) * x)),
        min(shape[0], math.ceil((bottom + margin) * y)),
    )
    at_border = _touches_edge((box.top, box.left, box.bottom, box.right), shape)
    return Detection(
        box=box, kind=kind, possible_kinds=possible_kinds, at_border=at_border
    )


def cut_crop(
    image: NDArray[np.uint8],
    centre_xy: tuple[float, float],
    side_px: float,
    size_px: int,
) -> NDArray[np.uint8]:
    """Cut a square window, mirrored beyond the frame, and resize it."""
    half = round(side_px / 2)
    column, row = (math.floor(centre) for centre in centre_xy)
    top, left = max(0, row - half), max(0, column - half)
    window = image[top : row + half, left : column + half]
    missing = (
        (top - (row - half), row + half - top - window.shape[0]),
        (left - (column - half), column + half - left - window.shape[1]),
        (0, 0),
    )
    window = np.pad(window, missing, mode="reflect")
    crop = transform.resize(util.img_as_float32(window), (size_px, size_px))
    return util.img_as_ubyte(crop)
