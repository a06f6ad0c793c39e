"""One frame through the device: segment, crop, classify, decide."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.counted_frame import CountedFrame
from edge.scale import Scale
from edge.segment import segment
from hemalens.classes import CellKind, CellStatus, kind_of_class
from hemalens.classifier import BundleClassifier
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.records import Box, Cell, Detection, Frame

_STAINED: Final = frozenset({CellKind.WHITE_CELL, CellKind.PLATELET})


class FrameCounter:
    """Finds and classifies the cells of one frame after another.

    Parameters
    ----------
    classifier : BundleClassifier
    pixel_size_um : float, optional
        Micrometres per pixel; else the source's, else from the red cells.
    """

    def __init__(
        self, classifier: BundleClassifier, pixel_size_um: float | None = None
    ) -> None:
        self._classifier = classifier
        self._scale = Scale(pixel_size_um)
        self._next_cell_id = 0

    def count(self, frame: Frame) -> CountedFrame:
        """Find and classify the cells of a frame."""
        found = segment(frame.image, self._scale.known_um(frame))
        pixel_size_um = self._scale.known_um(frame) or self._scale.settle_um(
            found.pixel_size_um
        )
        stained = [d for d in found.detections if d.kind in _STAINED]
        probabilities = self._classify(frame, stained, pixel_size_um)
        cells = [
            self._stained_cell(frame, detection, row)
            for detection, row in zip(stained, probabilities, strict=True)
        ]
        cells += [
            self._red_cell(frame, detection)
            for detection in found.detections
            if detection.kind is CellKind.RED_CELL
        ]
        return CountedFrame(
            frame=frame, cells=tuple(cells), pixel_size_um=pixel_size_um
        )

    def _classify(
        self,
        frame: Frame,
        stained: Sequence[Detection],
        pixel_size_um: float | None,
    ) -> NDArray[np.float32]:
        """Classify stained objects; classes of an impossible kind are ruled out."""
        wanted = self._classifier.manifest.input
        side = crop_side_px(pixel_size_um or PBC_PIXEL_SIZE_UM, wanted.crop_side_um)
        crops = np.empty((len(stained), wanted.size_px, wanted.size_px, 3), np.uint8)
        for index, detection in enumerate(stained):
            crops[index] = cut_crop(
                frame.image, detection.box.centre_xy, side, wanted.size_px
            )
        probabilities = self._classifier.classify(crops)
        return rule_out(probabilities, stained, self._classifier.class_names)

    def _stained_cell(
        self, frame: Frame, detection: Detection, row: NDArray[np.float32]
    ) -> Cell:
        names = self._classifier.class_names
        best = int(row.argmax())
        probability = float(row[best])
        status = CellStatus.COUNTED
        if probability < self._classifier.manifest.thresholds.minimum_probability:
            status = CellStatus.UNCERTAIN
        return self._cell(
            frame,
            detection.box,
            kind_of_class(names[best]),
            CellStatus.BORDER if detection.at_border else status,
            class_name=names[best],
            probability=probability,
            probabilities=dict(zip(names, map(float, row), strict=True)),
        )

    def _red_cell(self, frame: Frame, detection: Detection) -> Cell:
        status = CellStatus.BORDER if detection.at_border else CellStatus.COUNTED
        return self._cell(frame, detection.box, CellKind.RED_CELL, status)

    def _cell(
        self,
        frame: Frame,
        box: Box,
        kind: CellKind,
        status: CellStatus,
        *,
        class_name: str | None = None,
        probability: float | None = None,
        probabilities: dict[str, float] | None = None,
    ) -> Cell:
        cell_id = self._next_cell_id
        self._next_cell_id += 1
        return Cell(
            frame=frame.name,
            frame_index=frame.index,
            cell_id=cell_id,
            kind=kind,
            box=box,
            status=status,
            class_name=class_name,
            probability=probability,
            probabilities=probabilities,
        )


def rule_out(
    probabilities: NDArray[np.float32],
    stained: Sequence[Detection],
    class_names: Sequence[str],
) -> NDArray[np.float32]:
    """Rule out the classes whose kind segmentation has excluded.

    Parameters
    ----------
    probabilities : ndarray of shape (N, classes), float32
        The model's.
    stained : sequence of Detection
        The object of each row.
    class_names : sequence of str
        In column order.

    Returns
    -------
    ndarray of shape (N, classes), float32
        Rows adding up to 1 again. Where the model gives nothing to any class left,
        those share it evenly: the object is then uncertain.
    """
    kinds = [kind_of_class(name) for name in class_names]
    possible = np.array(
        [[kind in d.possible_kinds for kind in kinds] for d in stained], np.float32
    ).reshape(len(stained), len(kinds))
    left = probabilities * possible
    nothing = left.sum(axis=1, keepdims=True) <= 0
    left = np.where(nothing, possible, left)
    return np.asarray(left / left.sum(axis=1, keepdims=True), np.float32)
