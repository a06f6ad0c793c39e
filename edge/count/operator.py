"""The person at the count, as the count sees them."""

from enum import StrEnum
from typing import Protocol

from edge.frame.quality import FrameQuality
from edge.records.counted_frame import CountedFrame
from edge.records.progress import CountProgress


class OperatorCommand(StrEnum):
    """What an operator asks of a running count."""

    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"


class Operator(Protocol):
    """Watches a count and steers it; asked by the count, in its thread."""

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        """Be shown a frame, counted and durable, and how far the count is."""
        ...

    def command(self) -> OperatorCommand | None:
        """Say what is wanted since last asked; waits for nothing."""
        ...

    def more_leukocytes(self, progress: CountProgress) -> int | None:
        """Say by how many to go on once the target is reached.

        0 ends the count; None when that is not decided yet: it is asked again.
        """
        ...

    def more_frames(self, progress: CountProgress) -> bool | None:
        """Return whether to open a source again that ended short of the target.

        The source then gives what came since it ended. False ends the count;
        None when that is not decided yet: it is asked again.
        """
        ...


class FrameKeeper(Protocol):
    """Keeps what review needs of each frame."""

    def keep(
        self,
        counted: CountedFrame,
        quality: FrameQuality,
        doubts: tuple[str, ...],
    ) -> None:
        """Be handed a frame before it is durable, in the count's thread.

        What is kept of it is then there for every frame of the count, whatever happens
        in between.
        """
        ...


class UnattendedOperator:
    """Lets a count run to its end or its target."""

    def see(self, counted: CountedFrame, progress: CountProgress) -> None:
        """Look away."""

    def command(self) -> OperatorCommand | None:
        """Want nothing."""
        return None

    def more_leukocytes(self, progress: CountProgress) -> int | None:  # noqa: ARG002
        """End at the target."""
        return 0

    def more_frames(self, progress: CountProgress) -> bool | None:  # noqa: ARG002
        """End with the source."""
        return False
