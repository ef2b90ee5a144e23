"""Takes away what the durable engine has kept of work that ended long ago."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aegis_batch.adapters.outbound.dbos.errors import state_errors
from aegis_batch.adapters.outbound.dbos.naming import APPLICATION

if TYPE_CHECKING:
    from aegis_batch.adapters.outbound.dbos.work_intake import DbosIntakeDesk

__all__ = ["forget_ended_work"]

_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_BATCH = 200
_BATCHES_MAX = 50


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
