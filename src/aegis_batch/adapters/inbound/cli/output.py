"""Where results and complaints go: standard output has the result and nothing else."""

import os
import sys

from aegis_batch.domain.outcome import Problem
from aegis_batch.domain.printable import printable

__all__ = ["ReaderGoneError", "ResultNotWrittenError", "say", "say_problem", "write_result"]


class ResultNotWrittenError(Exception):
    """Standard output could not take the result."""


class ReaderGoneError(ResultNotWrittenError):
    """Whoever read standard output has seen enough, as ``head`` has."""


def write_result(text: str, *, must_arrive: bool = False) -> None:
    """Write a result to standard output as UTF-8, whatever the locale; a line's end is added.

    Raises ``ResultNotWrittenError`` where the output is full or closed. Where its reader has gone
    that is a ``ReaderGoneError``, unless what is written ``must_arrive``.
    """
    if sys.stdout is None:
        # It was closed before the program began.
        raise ResultNotWrittenError
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write((text + "\n").encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except (OSError, ValueError) as error:
        # What is still buffered would be tried again, and fail, when the interpreter ends.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - kept open
        if isinstance(error, BrokenPipeError) and not must_arrive:
            raise ReaderGoneError from None
        raise ResultNotWrittenError from None


def say(text: str) -> None:
    """Write a line for people to standard error."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode() + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        # Nobody is left to complain to.
        return


def say_problem(problem: Problem) -> None:
    """Write a problem to standard error: what is wrong, and what to do.

    A defect is a single line, so that it can be reported as it is.
    """
    between = " " if problem.code == "defect" else "\n  -> "
    say(f"aegis-batch: {printable(problem.message)}{between}{printable(problem.remedy)}")
