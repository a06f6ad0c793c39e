"""How often a fleet's programs look, and how long they wait."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Intervals, in seconds.

    Parameters
    ----------
    look_every_s : float
        Between two looks for finished counts.
    shortest_pause_s, longest_pause_s : float
        Before a broken connection is taken up again; the pause grows between these.
    shortest_rest_s, longest_rest_s : float
        Before a message that nobody confirmed is sent again; grows as well.
    """

    look_every_s: float = 5.0
    shortest_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    shortest_rest_s: float = 15.0
    longest_rest_s: float = 300.0


DEVICE_PACE: Final = Pace()
