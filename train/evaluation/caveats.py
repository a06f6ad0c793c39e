"""What a reader must know beside a figure."""

from typing import Final

NO_PATIENT_IDS: Final = (
    "PBC has no patient ids, so the same patient's cells may stand on both sides of "
    "the split: expect less on new patients."
)

ONE_ANALYZER: Final = (
    "All images come from one analyzer and one stain: these figures do not hold on "
    "another microscope."
)

CHOSEN_ON_VALIDATION: Final = (
    "The best epoch was chosen on validation images, so accuracy on them is slightly "
    "flattering; test images decide."
)

TRAINED_ON: Final = (
    "Resubstitution: images that were trained on are included. The model has seen "
    "their answers; this is no estimate of accuracy on new cells."
)

RESUBSTITUTION: Final = (
    "Resubstitution: training images included, as the paper measured. The model has "
    "seen their answers; this is no estimate of accuracy on new cells."
)
