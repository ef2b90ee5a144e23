"""A close as one JSON object, for programs."""

from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.adapters.inbound.cli.json_text import (
    json_last_day,
    json_object,
    json_problem,
    json_seal,
    json_value,
    json_window,
)

__all__ = ["ending_as_json"]


def ending_as_json(ending: Ending) -> str:
    """Return an ending as one line of JSON, with the keys in the documented order.

    The report stands in it with the very bytes of its body, so that ``24560.50`` stays so.
    """
    report, submission = ending.report, ending.submission
    fields = {
        "outcome": json_value(ending.outcome.value),
        "tenant": json_value(ending.tenant),
        "period": json_value(ending.kind.value),
        "reportDate": json_value(ending.period and ending.period.first_day.isoformat()),
        "lastDate": json_last_day(ending.period),
        "window": json_window(ending.window),
        "report": "null" if report is None else report.body().decode(),
        "alreadyClosed": json_value(ending.already_closed),
        # Only where revisions are kept: a Backend knows none.
        **({} if ending.revision is None else {"revision": json_value(ending.revision)}),
        "seal": json_seal(ending.seal),
        "violations": json_value(
            [
                {
                    "rule": violation.rule.value,
                    "action": violation.action.value,
                    "count": violation.count,
                    "orders": list(violation.orders),
                }
                for violation in ending.violations
            ]
        ),
        "submission": json_value(
            submission and {"attempts": submission.attempts, "status": submission.status}
        ),
        "error": json_problem(ending.problem),
        "durationMs": json_value(round(ending.duration_ms, 1)),
        "runId": json_value(ending.run_id),
        "traceId": json_value(ending.trace_id),
    }
    return json_object(fields)
