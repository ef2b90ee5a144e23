"""A Backend in memory creates each report once, however many hand it over at the same time."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest

from aegis_batch.adapters.outbound.memory.report_gateway import InMemoryReportGateway
from aegis_batch.domain.calendar import Period, PeriodKind
from aegis_batch.domain.errors import AnswerLost, BackendUnavailable
from aegis_batch.domain.report import Report
from aegis_batch.domain.run import CloseKey, Run

_DAY = date(2026, 11, 21)
_THREADS = 4


def _run(day: date = _DAY) -> Run:
    return Run("run 1", "1" * 32, CloseKey("default", Period(PeriodKind.DAY, day)))


def _report(day: date = _DAY) -> Report:
    return Report(day, 0, Decimal("0.00"), ())


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Threads that take turns after every few instructions."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("restless_threads")
def test_of_several_threads_only_one_creates_a_report() -> None:
    gateway = InMemoryReportGateway()
    together = Barrier(_THREADS)
    days = [_DAY + timedelta(days=number) for number in range(300)]

    def hand_over(_: int) -> list[int]:
        statuses = []
        for day in days:
            together.wait(timeout=30)
            statuses.append(gateway.submit(_run(day), _report(day)).status)
        return statuses

    with ThreadPoolExecutor(_THREADS) as pool:
        by_thread = list(pool.map(hand_over, range(_THREADS)))

    for statuses in zip(*by_thread, strict=True):
        assert sorted(statuses) == [200] * (_THREADS - 1) + [201]


def test_an_answer_is_lost_after_the_report_was_stored() -> None:
    gateway = InMemoryReportGateway()
    gateway.submit_faults.append(AnswerLost("answer_lost", "Lost.", "Ask.", None, 3))

    with pytest.raises(AnswerLost):
        gateway.submit(_run(), _report())

    assert gateway.find(_run()) is not None


def test_a_backend_that_is_away_stores_nothing() -> None:
    gateway = InMemoryReportGateway()
    gateway.submit_faults.append(BackendUnavailable("away", "Away.", "Wait.", 503, 3))

    with pytest.raises(BackendUnavailable):
        gateway.submit(_run(), _report())

    assert gateway.find(_run()) is None
    assert gateway.submit(_run(), _report()).status == 201
