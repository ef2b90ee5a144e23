"""A close as one JSON object, for programs."""

import json
from datetime import UTC, datetime

from aegis_batch.adapters.inbound.cli.ending import Ending
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import PeriodKind, Window
from aegis_batch.domain.seal import Seal

__all__ = ["ending_as_json"]


def ending_as_json(ending: Ending) -> str:
    """Return an ending as one line of JSON, with the keys in the documented order.

    The report stands in it with the very bytes of its body, so that ``24560.50`` stays so.
    """
    window, report, seal = ending.window, ending.report, ending.seal
    submission, problem = ending.submission, ending.problem
    fields = {
        "outcome": _text(ending.outcome.value),
        "tenant": _text(ending.tenant),
        "period": _text(PeriodKind.DAY.value),
        "reportDate": _text(ending.report_date and ending.report_date.isoformat()),
        "window": _text(window and _window(window)),
        "report": "null" if report is None else report.body().decode(),
        "alreadyClosed": _text(ending.already_closed),
        "seal": "null" if seal is None else _seal(seal),
        "violations": _text(
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
        "submission": _text(
            submission and {"attempts": submission.attempts, "status": submission.status}
        ),
        "error": _text(
            problem
            and {
                "code": problem.code,
                "message": problem.message,
                "remedy": problem.remedy,
                "retryable": problem.retryable,
            }
        ),
        "durationMs": _text(round(ending.duration_ms, 1)),
        "runId": _text(ending.run_id),
        "traceId": _text(ending.trace_id),
    }
    return _object(fields)


def _seal(seal: Seal) -> str:
    return _object(
        {
            "ordersRead": _text(seal.orders_read),
            "linesRead": _text(seal.lines_read),
            "itemsSold": exact.canonical(seal.items_sold),
            "distinctItems": _text(seal.distinct_items),
            "totalsDigest": _text(seal.totals_digest),
            "bodyDigest": _text(seal.body_digest),
            "snapshot": _text(seal.snapshot),
            "readAt": _text(_instant(seal.read_at)),
            "program": _text(seal.versions.program),
            "tzdata": _text(seal.versions.tzdata),
            "unicode": _text(seal.versions.unicode),
        }
    )


def _window(window: Window) -> dict[str, str]:
    return {"start": _instant(window.start), "end": _instant(window.end)}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _object(fields: dict[str, str]) -> str:
    return "{" + ",".join(f"{_text(name)}:{text}" for name, text in fields.items()) + "}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
