"""Every error of psycopg and of SQLAlchemy has its one meaning for the state."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy
from psycopg import errors as driver

from aegis_batch.adapters.postgresql.refusals import ConnectionRefused, Refusal, refusal_of
from aegis_batch.adapters.postgresql.state_errors import (
    meaning_of,
    name_of,
    silent,
    state_error_of,
)
from aegis_batch.adapters.postgresql.state_meanings import OF_CLASS, OF_REFUSAL, OF_SQLSTATE
from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

CANARY = "canary-7c1f"
PLACE = "db.example:5432/state"


def _and_below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _and_below(below)


def _driver_classes() -> list[type[Exception]]:
    found = {
        kind
        for kind in _and_below(psycopg.Error)
        # Private ones never leave the driver.
        if kind.__module__.startswith("psycopg") and not kind.__name__.startswith("_")
    }
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", _driver_classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_of_psycopg_is_placed_and_repeats_no_words(
    kind: type[Exception],
) -> None:
    sqlstate = getattr(kind, "sqlstate", None)
    if sqlstate is None:
        assert kind in OF_CLASS
    else:
        assert sqlstate in OF_SQLSTATE or sqlstate[:2] in OF_SQLSTATE

    bare = kind(f"password={CANARY}")
    translated = state_error_of(bare, PLACE)
    wrapped = sqlalchemy.exc.DBAPIError("SELECT 1", {"p": CANARY}, bare)

    assert translated is None or isinstance(translated, StateMisfit | StateUnavailable)
    assert CANARY not in f"{translated} {translated!r} {name_of(bare)}"
    assert "{" not in str(translated)
    assert repr(state_error_of(wrapped, PLACE)) == repr(translated)


def test_the_walk_meets_the_errors_it_is_there_for() -> None:
    assert {driver.LockNotAvailable, driver.UndefinedTable} <= set(_driver_classes())
    assert len(_driver_classes()) > 250


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (driver.AdminShutdown, "state_broke_off"),
        (driver.SerializationFailure, "state_broke_off"),
        (driver.DeadlockDetected, "state_broke_off"),
        (driver.IdleInTransactionSessionTimeout, "state_broke_off"),
        (psycopg.OperationalError, "state_broke_off"),
        (driver.QueryCanceled, "state_timeout"),
        (driver.LockNotAvailable, "state_locked"),
        (driver.TooManyConnections, "state_too_many_connections"),
        (driver.DiskFull, "state_full"),
        (driver.OutOfMemory, "state_short_of_resources"),
        (driver.InternalError_, "state_internal_error"),
    ],
)
def test_what_may_pass_is_unavailable(kind: type[Exception], code: str) -> None:
    translated = state_error_of(kind(), PLACE)

    assert isinstance(translated, StateUnavailable)
    assert translated.code == code
    assert translated.remedy


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (driver.InvalidPassword, "state_login_refused"),
        (driver.InvalidCatalogName, "state_unknown_database"),
        (driver.UndefinedTable, "state_misfit"),
        (driver.UndefinedColumn, "state_misfit"),
        (driver.InvalidSchemaName, "state_misfit"),
        (driver.InsufficientPrivilege, "state_denied"),
        (driver.ReadOnlySqlTransaction, "state_read_only"),
        (driver.UntranslatableCharacter, "state_wrong_encoding"),
        (driver.IndexCorrupted, "state_damaged"),
    ],
)
def test_what_only_people_can_mend_is_a_misfit(kind: type[Exception], code: str) -> None:
    translated = state_error_of(kind(), PLACE)

    assert isinstance(translated, StateMisfit)
    assert translated.code == code
    assert translated.remedy


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (driver.RestrictViolation(CANARY), "SQLSTATE 23001"),
        (driver.SyntaxError(CANARY), "SQLSTATE 42601"),
        (sqlalchemy.exc.CompileError(CANARY), "sqlalchemy.exc.CompileError"),
        (sqlalchemy.exc.StatementError(CANARY, "S", {}, ValueError(CANARY)), "builtins.ValueError"),
    ],
)
def test_a_wrong_use_of_the_database_is_a_defect_that_shows_its_name_alone(
    error: Exception, name: str
) -> None:
    assert state_error_of(error, PLACE) is None
    assert name_of(error) == name


def test_a_code_that_nobody_has_heard_of_is_final_and_shows_the_code() -> None:
    error = psycopg.DatabaseError(CANARY)
    error.sqlstate = "ZZ123"

    translated = state_error_of(error, PLACE)

    assert isinstance(translated, StateMisfit)
    assert "ZZ123" in translated.message


@pytest.mark.parametrize("refusal", list(Refusal))
def test_why_nobody_is_let_in_is_told_of_the_place(refusal: Refusal) -> None:
    error = ConnectionRefused(refusal)
    wrapped = sqlalchemy.exc.OperationalError("SELECT 1", None, error)

    assert refusal_of(error) is refusal
    assert meaning_of(wrapped) is OF_REFUSAL[refusal]
    translated = state_error_of(wrapped, PLACE)
    assert isinstance(translated, AegisError)
    assert translated.retryable is (refusal is Refusal.PASSING)
    assert PLACE in translated.message or refusal is Refusal.DATABASE


def test_a_server_that_fell_silent_may_be_asked_again_later() -> None:
    assert isinstance(silent(PLACE), StateUnavailable)
    assert PLACE in silent(PLACE).message
