"""Identifiers have the form that others rely on, and nobody gets the same twice."""

import re
import secrets
import uuid
from datetime import date

import pytest

from aegis_batch.adapters.outbound.system.identifiers import (
    new_instance_id,
    new_run_id,
    new_span_id,
    new_trace_id,
    new_traceparent,
)
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.run import CloseKey, Run


def test_a_run_id_is_a_random_uuid() -> None:
    run_id = new_run_id()

    assert str(uuid.UUID(run_id)) == run_id
    assert uuid.UUID(run_id).version == 4


def test_a_trace_id_is_32_hexadecimal_digits() -> None:
    assert all(re.fullmatch("[0-9a-f]{32}", new_trace_id()) for _ in range(300))


def test_a_span_id_is_16_hexadecimal_digits() -> None:
    assert all(re.fullmatch("[0-9a-f]{16}", new_span_id()) for _ in range(300))


def test_no_identifier_is_all_zero_whatever_chance_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbits", lambda _: 0)

    assert new_trace_id() == "0" * 31 + "1"
    assert new_span_id() == "0" * 15 + "1"


def test_no_two_identifiers_are_the_same() -> None:
    for new in (new_run_id, new_trace_id, new_span_id):
        assert len({new() for _ in range(1_000)}) == 1_000


def test_each_process_is_an_instance_of_its_own() -> None:
    assert uuid.UUID(new_instance_id()) != uuid.UUID(new_instance_id())


def test_a_traceparent_is_in_the_trace_of_its_run_with_a_span_of_its_own() -> None:
    run = Run("run 1", "a1" * 16, CloseKey("default", Period(PeriodKind.DAY, date(2026, 11, 21))))

    first, second = new_traceparent(run), new_traceparent(run)

    assert first != second
    assert re.fullmatch(f"00-{run.trace_id}-[0-9a-f]{{16}}-01", first)
