"""Every error that can come from the reports' database is told as one of the port of reports."""

import pickle
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy
from psycopg import errors as driver

from aegis_batch.adapters.outbound.postgres.derived.errors import (
    CODES,
    ReportsBrokeOff,
    silent,
    told,
    told_of,
)
from aegis_batch.adapters.outbound.postgres.error_meanings import OF_CLASS, OF_SQLSTATE
from aegis_batch.adapters.outbound.postgres.errors import DatabaseDefectError, translate_refusal
from aegis_batch.adapters.postgresql import refusals
from aegis_batch.domain.errors import (
    AegisError,
    BackendRefused,
    BackendUnavailable,
    OrdersMisfit,
)

CANARY = "canary-7c1f"
REFUSALS = (
    "SSL was required",
    "password authentication failed",
    'database "x" does not exist',
    "connection refused",
)


def _and_below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _and_below(below)


def _classes() -> list[type[Exception]]:
    of_driver = {
        k
        for k in _and_below(psycopg.Error)
        if not k.__name__.startswith("_") and k.__module__ != refusals.__name__
    }
    # The object mapper's errors can't come from here: it is never imported.
    of_toolkit = {
        k
        for k in _and_below(sqlalchemy.exc.SQLAlchemyError)
        if k.__module__ == "sqlalchemy.exc" and k in OF_CLASS
    }
    return sorted(of_driver | of_toolkit, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def _raised(kind: type[Exception]) -> Exception:
    error = kind.__new__(kind)
    error.args = (f"password={CANARY}",)
    return error


def test_the_walk_meets_the_errors_it_is_there_for() -> None:
    assert {driver.ReadOnlySqlTransaction, driver.UniqueViolation} <= set(_classes())
    assert sqlalchemy.exc.PendingRollbackError in _classes()
    assert len(_classes()) > 280


@pytest.mark.parametrize("kind", _classes(), ids=lambda kind: kind.__name__)
def test_every_error_is_the_backends_or_a_defect_and_repeats_no_words(
    kind: type[Exception],
) -> None:
    translated = told(_raised(kind))

    assert isinstance(translated, BackendRefused | BackendUnavailable | DatabaseDefectError)
    assert CANARY not in f"{translated} {translated!r}"
    assert "{" not in str(translated)
    if isinstance(translated, AegisError):
        assert translated.code in CODES
        assert translated.code.startswith("reports_")
        assert "orders" not in f"{translated}"
        assert " DATABASE_URL" not in f"{translated}"


def test_every_meaning_that_an_error_of_orders_has_is_placed_here_too() -> None:
    meanings = [*OF_SQLSTATE.values(), *(each for each in OF_CLASS.values() if each is not None)]
    for meaning in meanings:
        translated = told_of(meaning.kind(meaning.code, "", ""))
        assert isinstance(translated, BackendRefused | BackendUnavailable)
        assert translated.retryable is meaning.kind.retryable
    for text in REFUSALS:
        refusal = translate_refusal(psycopg.OperationalError(text))
        translated = told_of(refusal)
        assert isinstance(translated, AegisError)
        assert translated.retryable is refusal.retryable


@pytest.mark.parametrize("kind", [driver.SerializationFailure, driver.UniqueViolation])
def test_a_wrapped_error_means_what_it_means_bare(kind: type[Exception]) -> None:
    wrapped = sqlalchemy.exc.DBAPIError("SELECT 1", {"p": CANARY}, kind(CANARY))

    assert repr(told(wrapped)) == repr(told(kind(CANARY)))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (driver.UndefinedTable, "reports_not_migrated"),
        (driver.InsufficientPrivilege, "reports_permission_denied"),
        (driver.ReadOnlySqlTransaction, "reports_read_only"),
        (driver.UntranslatableCharacter, "reports_unstorable"),
        (driver.CheckViolation, "reports_unfit"),
        (driver.InvalidPassword, "reports_login_refused"),
    ],
)
def test_what_only_people_can_mend_is_final(kind: type[Exception], code: str) -> None:
    translated = told(kind())

    assert isinstance(translated, BackendRefused)
    assert translated.code == code


@pytest.mark.parametrize(
    "kind",
    [
        driver.AdminShutdown,
        driver.SerializationFailure,
        driver.DeadlockDetected,
        driver.UniqueViolation,
        psycopg.OperationalError,
    ],
)
def test_what_is_mostly_gone_at_once_may_be_repeated(kind: type[Exception]) -> None:
    assert isinstance(told(kind()), ReportsBrokeOff)


@pytest.mark.parametrize("kind", [driver.QueryCanceled, driver.DiskFull, driver.LockNotAvailable])
def test_what_takes_longer_to_pass_is_left_to_a_later_run(kind: type[Exception]) -> None:
    translated = told(kind())

    assert isinstance(translated, BackendUnavailable)
    assert not isinstance(translated, ReportsBrokeOff)


def test_an_error_that_has_no_place_here_is_a_defect() -> None:
    assert isinstance(told_of(OrdersMisfit("placed_at_ambiguous", "", "")), DatabaseDefectError)


def test_the_errors_survive_pickling() -> None:
    for error in (told(driver.AdminShutdown()), silent(2.5)):
        assert repr(pickle.loads(pickle.dumps(error))) == repr(error)  # noqa: S301 - our own
    assert "2.5 s" in str(silent(2.5))
