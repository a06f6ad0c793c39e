"""Finding cells in a frame by classical means: NumPy and OpenCV, no training.

The way through: the frame is brought to one `scale`, `pixels` tells what each pixel
shows, `nuclei` → `white_cells`, `platelets` and `red_discs` → `red_cells` find the
cells, `kinds` says what each may be, and `segmentation` puts it together. Stained
objects are held as `pieces`, red cells as `discs`, so that the cost of a frame grows
with what is in it and not with its size times its cells. Light, stain, circles and the
red-cell ruler are `calibration.optics`'.
"""

from edge.segment.segmentation import segment

__all__ = ["segment"]
