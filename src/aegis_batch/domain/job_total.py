"""How often jobs were started and how they ended, counted for good; history may be forgotten."""

from dataclasses import dataclass

__all__ = [
    "BUCKETS_SECONDS",
    "FAILED_BY_PRIORITY",
    "JOBS_MAX",
    "OTHERS",
    "SCHEDULED",
    "JobTotal",
    "bucket_of",
]

# So many jobs are counted each by itself, and what comes after them together: whoever keeps the
# metrics has a series for each, and they are all told each time.
JOBS_MAX = 500
# No job is called so.
OTHERS = "(others)"

# The status under which starts are counted.
SCHEDULED = "SCHEDULED"
# The one under which failures are counted once more: the reason is the priority of the run.
FAILED_BY_PRIORITY = "FAILED_BY_PRIORITY"
BUCKETS_SECONDS = (1, 10, 60, 300, 600, 1_800, 3_600)


@dataclass(frozen=True, slots=True)
class JobTotal:
    """Runs of a job that ended alike, within one bucket of durations.

    ``reason`` is the code of what went wrong, empty for a good end; ``bucket_seconds`` the upper
    bound of the durations, 0 for those above all bounds.
    """

    job: str
    status: str
    reason: str
    bucket_seconds: int
    count: int
    duration_ms: float

    @property
    def is_of_ends(self) -> bool:
        """Whether it counts ends, each of which is in one such count."""
        return self.status not in (SCHEDULED, FAILED_BY_PRIORITY)


def bucket_of(duration_ms: float) -> int:
    """Return the bucket that a duration belongs to; 0 above all bounds."""
    return next((bound for bound in BUCKETS_SECONDS if duration_ms <= bound * 1000), 0)
