"""A checkup: what was looked at before the first night, and what to do about what is amiss."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aegis_batch.domain.errors import AegisError

__all__ = ["Check", "Verdict", "worst_of"]


class Verdict(StrEnum):
    """How one thing that was looked at stands; from best to worst."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: its name, how it stands, and a remedy unless it is fine.

    ``name`` is for programs and stays the same from version to version; ``remedy`` may have
    several lines where it is SQL.
    """

    name: str
    verdict: Verdict
    message: str
    remedy: str | None = None

    @classmethod
    def ok(cls, name: str, message: str) -> "Check":
        """Return a check of something that is fine."""
        return cls(name, Verdict.OK, message)

    @classmethod
    def warn(cls, name: str, message: str, remedy: str) -> "Check":
        """Return a check of something that works and could be better."""
        return cls(name, Verdict.WARN, message, remedy)

    @classmethod
    def fail(cls, name: str, message: str, remedy: str) -> "Check":
        """Return a check of something without which no close will succeed, or be safe."""
        return cls(name, Verdict.FAIL, message, remedy)

    @classmethod
    def of(cls, name: str, error: AegisError) -> "Check":
        """Return a check that a foreseen error brought to its end."""
        return cls(name, Verdict.FAIL, error.message, error.remedy)


def worst_of(checks: Iterable[Check]) -> Verdict:
    """Return how checks stand together; ``ok`` where there are none."""
    order = list(Verdict)
    return max((check.verdict for check in checks), key=order.index, default=Verdict.OK)
