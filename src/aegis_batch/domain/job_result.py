"""What a run of a defined job came to, kept for a while for whoever asks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["RESULT_CHARACTERS_MAX", "RESULT_KEPT_MAX", "JobResult"]

RESULT_CHARACTERS_MAX = 16_384
RESULT_KEPT_MAX = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a run; ``text`` is JSON text of an object, cut where it was long."""

    run_id: str
    kept_at: datetime
    text: str
