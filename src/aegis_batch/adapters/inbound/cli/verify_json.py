"""Verifications as one JSON object, for programs."""

from collections import Counter
from collections.abc import Sequence

from aegis_batch.adapters.inbound.cli.json_text import (
    json_instant,
    json_list,
    json_object,
    json_problem,
    json_value,
)
from aegis_batch.application.verify import Verified, VerifyRequest
from aegis_batch.domain import exact
from aegis_batch.domain.verification import Change, FindingChange, ItemChange, Verdict, Verification

__all__ = ["verification_as_json", "verified_as_json"]


def verified_as_json(request: VerifyRequest, found: Sequence[Verified], count: int) -> str:
    """Return what came of a range, of which ``count`` periods were asked for."""
    verdicts = Counter(verified.verification.verdict for verified in found)
    return json_object(
        {
            "from": json_value(request.first.isoformat()),
            "to": json_value(request.last.isoformat()),
            "period": json_value(request.kind.value),
            "periods": json_value(count),
            "verdicts": json_value({verdict.value: verdicts[verdict] for verdict in Verdict}),
            "notLookedAt": json_value(count - len(found)),
            "verifications": json_list(
                verification_as_json(verified.verification) for verified in found
            ),
            "runId": json_value(request.run_id),
        }
    )


def verification_as_json(verification: Verification) -> str:
    """Return what came of one period; amounts are exact, with all their decimals."""
    key = verification.key
    return json_object(
        {
            "tenant": json_value(key.tenant),
            "period": json_value(key.period.kind.value),
            "date": json_value(key.period.first_day.isoformat()),
            "verdict": json_value(verification.verdict.value),
            "sealDigest": json_value(verification.seal_digest),
            "verifiedAt": json_instant(verification.verified_at),
            "change": _change(verification.change),
            "differences": json_value(
                [
                    {"field": each.field, "expected": each.derived, "stored": each.stored}
                    for each in verification.differences
                ]
            ),
            "problem": json_problem(verification.problem),
        }
    )


def _change(change: Change | None) -> str:
    if change is None:
        return "null"
    return json_object(
        {
            "orders": _pair(str(change.orders_sealed), str(change.orders_present)),
            "lines": _pair(str(change.lines_sealed), str(change.lines_present)),
            "revenue": _pair(
                exact.canonical(change.revenue_sealed), exact.canonical(change.revenue_present)
            ),
            "items": json_list(map(_item, change.items)),
            "itemsLeftOut": json_value(change.items_left_out),
            "findings": json_list(map(_finding, change.findings)),
        }
    )


def _item(item: ItemChange) -> str:
    return json_object(
        {
            "name": json_value(item.name),
            "sealed": exact.canonical(item.sealed),
            "present": exact.canonical(item.present),
        }
    )


def _finding(change: FindingChange) -> str:
    return json_object(
        {
            "finding": json_value(change.finding.value),
            "sealed": json_value(change.sealed),
            "present": json_value(change.present),
            "ordersCome": json_value(list(change.came)),
            "ordersGone": json_value(list(change.went)),
        }
    )


def _pair(sealed: str, present: str) -> str:
    return json_object({"sealed": sealed, "present": present})
