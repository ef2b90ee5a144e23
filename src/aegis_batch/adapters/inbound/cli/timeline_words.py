"""Plain words about what a line of a run's history holds."""

import re
from datetime import datetime

from aegis_batch.adapters.inbound.cli.moments import utc
from aegis_batch.domain.events import Step

__all__ = ["FIELDS", "details"]

# How each field of an event is called; those without a word say nothing to whoever reads a proof.
FIELDS = {
    "action": "what is done about it",
    "attempt": "attempt",
    "attempts": "attempts",
    "code": "because of",
    "count": "orders",
    "dry_run": "rehearsed",
    "due_at": "due",
    "duration_ms": "ms taken",
    "found": "found",
    "job": "job",
    "lateness_ms": "ms late",
    "left_by": "left by",
    "lines": "lines",
    "operation": "request",
    "orders": "orders",
    "outcome": "outcome",
    "queued_ms": "ms waited",
    "reason": "because of",
    "requested_by": "asked for by",
    "revision": "revision",
    "rule": "rule",
    "seals": "seals",
    "status": "answer",
    "step": "step",
    "told": "came to",
    "trigger": "started",
    "violations": "rules broken",
    "wait_seconds": "seconds until the next",
    "why": "because",
}
_FIELD = re.compile(rf"(?:^| )({'|'.join(FIELDS)})=")
# What is so of every close that has a history says nothing.
_UNSAID = {("dry_run", "False")}
_WORDS = {"True": "yes", "False": "no"}
# A period is added up from its orders, or from the seals of its days: what came of it says which.
_STEPS = {
    Step.FIND.value: "looking for the report",
    Step.READ.value: "adding up the period",
    Step.SUBMIT.value: "handing the report over",
}


def details(text: str) -> str:
    """Return the fields of a line, kept as ``name=value``, in words; what is none stays."""
    begun, *parts = _FIELD.split(text)
    told = [
        f"{FIELDS[name]}: {_value(name, value)}"
        for name, value in zip(parts[::2], parts[1::2], strict=True)
        if (name, value) not in _UNSAID
    ]
    return ", ".join([begun, *told] if begun else told)


def _value(name: str, value: str) -> str:
    if name == "due_at":
        try:
            return utc(datetime.fromisoformat(value))
        except ValueError:
            return value
    return (_STEPS if name == "step" else _WORDS).get(value, value)
