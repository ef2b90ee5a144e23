"""What is said of an error that nobody foresaw."""

from aegis_batch.domain.defect import place_of
from aegis_batch.domain.outcome import Problem

__all__ = ["defect_problem"]


def defect_problem(error: Exception) -> Problem:
    """Return a defect as a problem: its kind and its place, never its text, which may be secret."""
    return Problem(
        code="defect",
        message=f"This is a defect of aegis-batch: {type(error).__name__} at {place_of(error)}.",
        remedy="Please report this line together with what `aegis-batch --version` prints:"
        " CONTRIBUTING.md, which comes with the source, says where."
        " Nothing is half done, so closing again is safe.",
        retryable=False,
    )
