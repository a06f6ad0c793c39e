"""Finding cells in a frame by classical means: NumPy and OpenCV, no training.

The way through: `ruler` measures the scale, `pixels` tells what each pixel shows
(from `background` and `stain`), `nuclei` → `white_cells`, `platelets` and
`red_discs` → `red_cells` (from `circles`) find the cells, `kinds` says what each may
be, and `segmentation` puts it together.
"""

from edge.segment.segmentation import segment

__all__ = ["segment"]
