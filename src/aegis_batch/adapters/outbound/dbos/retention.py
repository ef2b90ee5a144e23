"""Takes away what the durable engine has kept of work that ended long ago."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from loguru import logger

from aegis_batch.adapters.outbound.dbos.errors import state_errors
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION
from aegis_batch.domain.errors import AegisError

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk

__all__ = ["EndedWorkTidier", "forget_ended_work"]

_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_BATCH = 200
_BATCHES_MAX = 5
_KEPT = timedelta(days=7)


class EndedWorkTidier:
    """Forgets the work that ended more than a week ago, a little at each call."""

    def __init__(self, desk: "DbosIntakeDesk", now: Callable[[], datetime]) -> None:
        """Take where the client is, and what tells the time."""
        self._desk = desk
        self._now = now

    def tidy(self) -> bool:
        """Forget some, and say whether there may be more.

        Nothing is raised, since nobody waits for it: what goes wrong is logged by its code, or by
        its class, and tried again the next time.
        """
        try:
            forgotten = forget_ended_work(self._desk, self._now() - _KEPT)
        except AegisError as error:
            fault = error.code
        except Exception as error:  # noqa: BLE001 - the process goes on, whatever it is
            fault = f"defect {type(error).__name__}"
        else:
            return forgotten == _BATCH * _BATCHES_MAX
        logger.bind(event="work.not_forgotten", code=fault).warning(
            "work that ended long ago can't be taken away now; it is tried again"
        )
        return False


def forget_ended_work(
    desk: "DbosIntakeDesk", before: datetime, *, batch: int = _BATCH, batches: int = _BATCHES_MAX
) -> int:
    """Delete the engine's rows of work that ended before an instant; return how many.

    Each batch is a short transaction of its own, so that nobody waits long; what is left after
    the last one goes the next time. An id that was forgotten is unknown, and could be queued anew.

    Raises ``StateUnavailable`` and ``StateMisfit``.
    """
    client = desk.client
    limit = before.astimezone(UTC).isoformat()
    forgotten = 0
    with state_errors():
        for _ in range(batches):
            ended = client.list_workflows(
                application_name=APPLICATION,
                status=_ENDED,
                completed_before=limit,
                limit=batch,
                load_input=False,
                load_output=False,
            )
            if ended:
                client.delete_workflows([work.workflow_id for work in ended])
            forgotten += len(ended)
            if len(ended) < batch:
                break
    return forgotten
