"""Whatever goes wrong on the way to a receiver has a name."""

import ssl
from datetime import UTC, datetime

import httpx
import pytest

from aegis_batch.adapters.outbound.http.deadline import UnknownHost
from aegis_batch.adapters.outbound.http.errors import FAILURES, Failure, failure_of
from aegis_batch.adapters.outbound.http.notifier import HttpNotifier
from aegis_batch.domain.errors import NoticeUndelivered
from aegis_batch.domain.notice import Notice, NoticeKind

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOTICE = Notice(
    key="a", kind=NoticeKind.MESSAGE, event="day.overdue", text="Late.", created_at=NOW, due_at=NOW
)


def _because_of(cause: Exception) -> httpx.ConnectError:
    error = httpx.ConnectError("")
    error.__cause__ = cause
    return error


ERRORS = [
    *(kind("") for kind in FAILURES),
    _because_of(ssl.SSLCertVerificationError()),
    _because_of(ssl.SSLError()),
    _because_of(UnknownHost()),
]


def test_the_errors_below_mean_every_failure_but_that_of_an_answer() -> None:
    assert {failure_of(error) for error in ERRORS} == set(Failure) - {Failure.SERVER_ERROR}


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_every_error_on_the_way_is_told_by_a_code(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> httpx.Response:
        raise error

    monkeypatch.setattr(httpx.Client, "send", fail)
    notifier = HttpNotifier(
        notify_url="http://127.0.0.1:9/hook", heartbeat_url=None, user_agent="aegis-batch/0.1.0"
    )

    with pytest.raises(NoticeUndelivered) as caught:
        notifier.deliver(NOTICE)

    assert caught.value.code.startswith("receiver_")
