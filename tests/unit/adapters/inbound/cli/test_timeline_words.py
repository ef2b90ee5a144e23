"""What a line of a run's history holds, in words."""

from dataclasses import fields

import pytest

from aegis_batch.adapters.inbound.cli.proof_words import EVENTS
from aegis_batch.adapters.inbound.cli.timeline_words import FIELDS, details
from aegis_batch.domain import events, job_events


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dry_run=False", ""),
        ("dry_run=True", "rehearsed: yes"),
        ("found=False duration_ms=1.5", "found: no, ms taken: 1.5"),
        (
            "dry_run=False outcome=created orders=7 duration_ms=12.0",
            "outcome: created, orders: 7, ms taken: 12.0",
        ),
        (
            "attempt=1 code=timeout due_at=2026-11-22T06:00:00+00:00",
            "attempt: 1, because of: timeout, due: 2026-11-22 06:00:00 UTC",
        ),
        # Whatever came from outside stays as it is.
        ("requested_by=ana a=b", "asked for by: ana a=b"),
        ("due_at=noon", "due: noon"),
        ("no field at all", "no field at all"),
        ("", ""),
    ],
)
def test_fields_are_told_in_words_and_what_says_nothing_is_left_out(text: str, words: str) -> None:
    assert details(text) == words


def test_every_field_of_an_event_of_a_close_has_a_word() -> None:
    kinds = [getattr(module, name) for module in (events, job_events) for name in module.__all__]
    of_runs = [kind for kind in kinds if getattr(kind, "name", None) in EVENTS]

    named = {field.name for kind in of_runs for field in fields(kind)}

    assert named - {"run", "at"} == set(FIELDS)
