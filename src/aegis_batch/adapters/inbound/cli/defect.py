"""What is said of an error that nobody foresaw."""

import traceback

from aegis_batch.domain.outcome import Problem

__all__ = ["defect_problem", "frames_of"]

_PACKAGE = "aegis_batch"


def defect_problem(error: Exception) -> Problem:
    """Return a defect as a problem: its kind and its place, never its text, which may be secret."""
    frames = frames_of(error)
    own = [frame for frame in frames if frame.startswith(_PACKAGE)]
    place = (own or frames or ["an unknown place"])[-1]
    return Problem(
        code="defect",
        message=f"This is a defect of aegis-batch: {type(error).__name__} at {place}.",
        remedy="Please report this line together with what `aegis-batch --version` prints:"
        " CONTRIBUTING.md, which comes with the source, says where."
        " Nothing is half done, so closing the day again is safe.",
        retryable=False,
    )


def frames_of(error: Exception) -> list[str]:
    """Return the frames that an error came through, outermost first, as ``module:line``."""
    return [
        f"{frame.f_globals.get('__name__', '?')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
