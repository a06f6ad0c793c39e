"""Count cells from Python: the names that a program may rely on.

Versions are semantic (semver.org), and `hemalens.__version__` says which one is
installed. The promise covers the names in ``__all__``, the arguments and documented
fields of what they name, and the exceptions they raise (of `BundleClassifier`:
`class_names` and `classify`): from 1.0 on only a new major version takes one away or
changes what it means; before 1.0 a new minor version may. All other modules are
HemaLens's own and may change with any version.

To import this module loads NumPy alone: OpenCV comes with the first bundle that is
opened, a model's runtime with the first counter.

Examples
--------
>>> demo = "demo:seed=7,frames=1,mix=uniform,width_px=640,height_px=480"
>>> with open_source(demo) as source:
...     frame = next(iter(source))
>>> counter = Counter(open_bundle("cnn"))
>>> [str(cell.class_name) for cell in counter.count(frame.image).cells[:2]]
['eosinophil', 'monocyte']

Cells found and not classified; crops classified that were cut out elsewhere:

>>> from edge.api import BundleClassifier, segment
>>> segment(frame.image, pixel_size_um=0.1).detections[0].kind
<CellKind.WHITE_CELL: 'white_cell'>
>>> classifier = BundleClassifier(open_bundle("cnn"))
>>> classifier.classify(np.zeros((4, 100, 100, 3), np.uint8)).shape
(4, 8)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from edge.capture.open_source import open_source
from edge.capture.source import FrameSource
from edge.records.counted_frame import CountedFrame
from edge.records.population import Population
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.errors import HemaLensError
from hemalens.records import Box, Cell, CellChange, Detection, Frame, Segmentation

if TYPE_CHECKING:
    from calibration.optics.profile import OpticalProfile, read_profile
    from edge.bundles import shipped_bundles
    from edge.segment import segment
    from hemalens.bundle import Bundle
    from hemalens.classifier import BundleClassifier
    from hemalens.slide_appearance import SlideAppearance

__all__ = [
    "Box",
    "Bundle",
    "BundleClassifier",
    "Cell",
    "CellChange",
    "CellClass",
    "CellKind",
    "CellStatus",
    "CountedFrame",
    "Counter",
    "Detection",
    "Frame",
    "FrameSource",
    "HemaLensError",
    "OpticalProfile",
    "Population",
    "Segmentation",
    "SlideAppearance",
    "open_bundle",
    "open_source",
    "read_profile",
    "segment",
    "shipped_bundles",
]

_LOADED_WHEN_ASKED: Final = {
    "Bundle": "hemalens.bundle",
    "BundleClassifier": "hemalens.classifier",
    "OpticalProfile": "calibration.optics.profile",
    "SlideAppearance": "hemalens.slide_appearance",
    "read_profile": "calibration.optics.profile",
    "segment": "edge.segment",
    "shipped_bundles": "edge.bundles",
}
"""Names by the module they come from, which loads OpenCV or pydantic."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _LOADED_WHEN_ASKED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_LOADED_WHEN_ASKED[name]), name)


def open_bundle(name_or_path: str) -> "Bundle":
    """Read a shipped bundle by its name, or any other by its path.

    Raises
    ------
    BundleError
        When there is none, or it is not intact.
    """
    from edge.bundles import open_bundle

    return open_bundle(name_or_path)


class Counter:
    """Counts the cells of one slide's frames, as ``hemalens count`` does.

    It learns the slide's scale, stain, focus and rare classes with every frame: another
    slide takes another counter. One thread uses it at a time.

    Parameters
    ----------
    bundle : Bundle
        From `open_bundle`.
    pixel_size_um : float, optional
        Micrometres per pixel at the specimen; else the source's, else from the red
        cells.
    each_cell_once : bool
        The frames overlap: what an earlier one showed becomes a duplicate.
    population : Population
        Whose blood it is.
    keep_stain : bool
        Classify cells in the slide's own colours.
    second_bundle : Bundle, optional
        Asked about every cell as well.
    profile : OpticalProfile, optional
        Of the microscope.
    threads : int, optional
        Threads of one inference; all processors when not given.

    Raises
    ------
    MissingExtraError
        When no runtime for models is installed.
    BundleError
        When a model cannot be run here.
    ConfigError
        When the pixel size lies outside 0.02 to 0.5 µm.
    """

    def __init__(
        self,
        bundle: "Bundle",
        *,
        pixel_size_um: float | None = None,
        each_cell_once: bool = False,
        population: Population = Population.UNRESTRICTED,
        keep_stain: bool = False,
        second_bundle: "Bundle | None" = None,
        profile: "OpticalProfile | None" = None,
        threads: int | None = None,
    ) -> None:
        from edge.count.frame_counter import FrameCounter
        from edge.count.settings import FrameSettings
        from edge.track.slide_cells import SlideCells
        from hemalens.classifier import BundleClassifier

        second = (
            None
            if second_bundle is None
            else BundleClassifier(second_bundle, threads=threads)
        )
        self._counter = FrameCounter(
            BundleClassifier(bundle, threads=threads),
            FrameSettings(
                pixel_size_um=pixel_size_um,
                profile=profile,
                population=population,
                keep_stain=keep_stain,
            ),
            slide=SlideCells() if each_cell_once else None,
            second=second,
        )
        self._next_index = 0

    @property
    def slide_appearance(self) -> "SlideAppearance":
        """What the slide looks like so far, as `BundleClassifier.classify` takes it."""
        return self._counter.slide_appearance

    def count(self, frame: NDArray[np.uint8] | Frame) -> CountedFrame:
        """Find and classify the cells of a frame.

        Parameters
        ----------
        frame : ndarray of shape (H, W, 3), uint8, RGB, or Frame
            An array is not changed.

        Returns
        -------
        CountedFrame
            Its ``cells``: each with class, probability, box and status. None where the
            frame is too bad to count; ``left_out`` says why.

        Raises
        ------
        ValueError
            When it is no such array.
        CalibrationError
            When it has another size than the profile.
        """
        if not isinstance(frame, Frame):
            index = self._next_index
            # A view: a frame makes its array read-only, and this one is the caller's.
            image = np.ascontiguousarray(frame).view()
            frame = Frame(image=image, name=f"frame-{index:05}", index=index)
        self._next_index = frame.index + 1
        return self._counter.count(frame)
