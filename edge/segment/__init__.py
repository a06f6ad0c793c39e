"""Finding cells in a frame: a small network says what lies where, OpenCV parts it.

The way through: `finder` runs the network over a frame at its own scale
(`hemalens.finder`), `parting` parts touching objects on its maps, `shapes` measures
them, `found_cells` leaves each to one kind, `kinds` says what a stained one may be,
`measured_scale` what the cells say of the pixel size, and `segmentation` puts it
together.
"""

from edge.segment.segmentation import segment

__all__ = ["segment"]
