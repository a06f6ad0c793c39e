"""How a model does on microscopes it was never trained on.

The way through: `train.dataset.labelled_fields` or `labelled_crops` → `field_walk`,
which counts them as `hemalens count` does, → `answers` → `figures` and `selective` →
`report`. `methods` measures any callable on cells cut out once, for experiments.
"""
