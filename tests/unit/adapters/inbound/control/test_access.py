"""What becomes of callers who fail again and again."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from fastapi import Request
from loguru import logger

from aegis_batch.adapters.inbound.control import access
from aegis_batch.adapters.inbound.control.access import Access
from aegis_batch.adapters.inbound.control.problems import Refusal, problem_of
from aegis_batch.application.actor import Actor
from aegis_batch.application.auditing import Auditing
from aegis_batch.domain.errors import StateUnavailable
from tests.unit.application.office import Office

KEY = "an internal key"


@pytest.fixture
def office() -> Office:
    return Office(schedules=())


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long callers were put off, in place of that."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


def request_from(address: str, **headers: str) -> Request:
    encoded = [(name.replace("_", "-").lower().encode(), v.encode()) for name, v in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "path": "/x",
            "headers": encoded,
            "client": (address, 1),
            "state": {},
        }
    )


def run(deed: Awaitable[Actor]) -> Actor:
    async def wait() -> Actor:
        return await deed

    return asyncio.run(wait())


def fail(opened: Access, address: str, count: int = 1) -> None:
    for _ in range(count):
        with pytest.raises(Refusal):
            run(opened.gate("operate", takes_key=True)(request_from(address, X_Internal_Key="x")))


def open_access(office: Office, key: str | None = KEY) -> Access:
    return Access(key, None, Auditing(office.ledger, office.clock), office.clock, 1.0)


def test_each_failure_in_a_row_waits_twice_as_long(office: Office, waits: list[float]) -> None:
    opened = open_access(office)
    fail(opened, "10.0.0.1", 7)
    fail(opened, "10.0.0.2")

    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 0.05]
    assert opened.refused == {"key_invalid": 8}


def test_who_gets_in_or_is_quiet_for_a_while_begins_anew(
    office: Office, waits: list[float]
) -> None:
    opened = open_access(office)
    fail(opened, "10.0.0.1", 3)
    actor = run(
        opened.gate("operate", takes_key=True)(request_from("10.0.0.1", X_Internal_Key=KEY))
    )
    fail(opened, "10.0.0.1", 3)
    office.clock.advance(timedelta(seconds=601))
    fail(opened, "10.0.0.1")

    assert (actor.name, actor.origin, actor.tenant) == ("internal-key", "10.0.0.1", None)
    assert waits == [0.05, 0.1, 0.2, 0.05, 0.1, 0.2, 0.05]


def test_refusals_in_a_row_fill_no_audit(office: Office, waits: list[float]) -> None:
    opened = open_access(office)
    fail(opened, "10.0.0.1", 130)

    assert len(office.history.audit(1_000)) == 100
    assert opened.refused["key_invalid"] == 130


def test_addresses_that_failed_are_bounded(
    office: Office, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_ADDRESSES_MAX", 2)
    opened = open_access(office)
    for place in range(5):
        fail(opened, f"10.0.0.{place}", 2)

    assert len(opened._failures) == 2  # noqa: SLF001 - what is remembered


def test_without_a_key_nobody_has_it(office: Office, waits: list[float]) -> None:
    opened = open_access(office, None)
    fail(opened, "10.0.0.1")
    with pytest.raises(Refusal) as caught:
        run(opened.gate("read")(request_from("10.0.0.1", Authorization="Bearer x")))
    assert caught.value.code == "tokens_not_set_up"


def test_who_is_refused_is_refused_while_the_state_is_away(
    office: Office, waits: list[float]
) -> None:
    opened = open_access(office)
    away = StateUnavailable("state_away", "The state database x can't be reached.", "Wait.")
    office.state.begin_faults.append(away)
    lines: list[str] = []
    sink = logger.add(lines.append, format="{extra[event]} {message}")

    fail(opened, "10.0.0.1")
    logger.remove(sink)

    assert opened.refused == {"key_invalid": 1}
    assert waits == [0.05]
    told = "control.refusal_unaudited nobody was refused POST /x from 10.0.0.1"
    assert [line.startswith(told) for line in lines] == [True]


def test_a_problem_does_not_say_where_a_database_is() -> None:
    away = StateUnavailable("state_away", "The state database db.internal is away.", "See 10.0.0.9")
    told = problem_of(away)

    assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
    assert b"state_away" in told.body
    assert b"internal" not in told.body
    assert b"10.0.0.9" not in told.body
