"""Every error of the driver and of SQLAlchemy has its one meaning here."""

import pickle
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy
from psycopg import errors as driver

from aegis_batch.adapters.outbound.postgres.error_meanings import (
    OF_CLASS,
    OF_SQLSTATE,
    ReadBrokeOff,
)
from aegis_batch.adapters.outbound.postgres.errors import (
    DatabaseDefectError,
    translate,
    translate_refusal,
)
from aegis_batch.adapters.postgresql import refusals
from aegis_batch.domain.errors import AegisError, OrdersMisfit, OrdersUnreachable

CANARY = "canary-7c1f"
TABLES = ("orders", "order_items")


def _and_below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _and_below(below)


def _driver_classes() -> list[type[Exception]]:
    found = set(_and_below(psycopg.Error))
    # Private ones never leave the driver.
    public = (k for k in found if not k.__name__.startswith("_"))
    return sorted(
        (k for k in public if k.__module__ != refusals.__name__), key=lambda k: k.__name__
    )


def _toolkit_classes() -> list[type[Exception]]:
    found = set(_and_below(sqlalchemy.exc.SQLAlchemyError))
    # The object mapper's errors can't come from here: it is never imported.
    return sorted((k for k in found if k.__module__ == "sqlalchemy.exc"), key=lambda k: k.__name__)


def _sqlstate(kind: type[Exception]) -> str | None:
    found = getattr(kind, "sqlstate", None)
    return found if isinstance(found, str) else None


@pytest.mark.parametrize("kind", _driver_classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_of_psycopg_is_placed(kind: type[Exception]) -> None:
    sqlstate = _sqlstate(kind)
    if sqlstate is None:
        assert kind in OF_CLASS
    else:
        assert sqlstate in OF_SQLSTATE or sqlstate[:2] in OF_SQLSTATE


@pytest.mark.parametrize("kind", _toolkit_classes(), ids=lambda kind: kind.__name__)
def test_every_error_class_of_sqlalchemy_is_placed(kind: type[Exception]) -> None:
    assert kind in OF_CLASS


def test_the_walk_meets_the_errors_it_is_there_for() -> None:
    assert {driver.QueryCanceled, driver.UndefinedTable, psycopg.OperationalError} <= set(
        _driver_classes()
    )
    assert len(_driver_classes()) > 250
    assert sqlalchemy.exc.PendingRollbackError in _toolkit_classes()


@pytest.mark.parametrize("kind", _driver_classes(), ids=lambda kind: kind.__name__)
def test_no_translation_repeats_the_drivers_words(kind: type[Exception]) -> None:
    translated = translate(kind(f"password={CANARY}"), TABLES)

    assert isinstance(translated, OrdersMisfit | OrdersUnreachable | DatabaseDefectError)
    assert CANARY not in f"{translated} {translated!r}"
    assert "{" not in str(translated)


@pytest.mark.parametrize("kind", _driver_classes(), ids=lambda kind: kind.__name__)
def test_a_wrapped_error_means_what_it_means_bare(kind: type[Exception]) -> None:
    bare = kind(CANARY)
    wrapped = sqlalchemy.exc.DBAPIError("SELECT 1", {"p": CANARY}, bare)

    assert repr(translate(wrapped, TABLES)) == repr(translate(bare, TABLES))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (driver.UndefinedTable, "missing_table"),
        (driver.UndefinedColumn, "missing_column"),
        (driver.InsufficientPrivilege, "permission_denied"),
        (driver.UndefinedFunction, "unsupported_column_type"),
        (driver.NumericValueOutOfRange, "unreadable_value"),
        (driver.InvalidPassword, "login_refused"),
        (driver.InvalidCatalogName, "unknown_database"),
        (driver.IndexCorrupted, "database_damaged"),
    ],
)
def test_what_only_people_can_mend_is_final(kind: type[Exception], code: str) -> None:
    translated = translate(kind(), TABLES)

    assert isinstance(translated, OrdersMisfit)
    assert translated.code == code


@pytest.mark.parametrize(
    "kind",
    [
        driver.AdminShutdown,
        driver.CrashShutdown,
        driver.CannotConnectNow,
        driver.ConnectionFailure,
        driver.SerializationFailure,
        driver.DeadlockDetected,
        driver.TooManyConnections,
        driver.IdleInTransactionSessionTimeout,
        psycopg.OperationalError,
    ],
)
def test_what_breaks_a_read_off_lets_it_start_again(kind: type[Exception]) -> None:
    translated = translate(kind(), TABLES)

    assert isinstance(translated, ReadBrokeOff)
    assert translated.code == "read_broke_off"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (driver.QueryCanceled, "statement_timeout"),
        (driver.TransactionTimeout, "statement_timeout"),
        (driver.OutOfMemory, "database_short_of_resources"),
        (driver.LockNotAvailable, "database_short_of_resources"),
        (driver.InternalError_, "database_internal_error"),
    ],
)
def test_what_may_pass_later_is_not_tried_again_at_once(kind: type[Exception], code: str) -> None:
    translated = translate(kind(), TABLES)

    assert isinstance(translated, OrdersUnreachable)
    assert not isinstance(translated, ReadBrokeOff)
    assert translated.code == code


def test_a_statement_timeout_names_the_setting_and_the_index() -> None:
    translated = translate(driver.QueryCanceled(), TABLES)

    assert isinstance(translated, AegisError)
    assert "AEGIS_DB_STATEMENT_TIMEOUT_SECONDS" in translated.remedy
    assert "index" in translated.remedy


def test_a_denied_permission_names_the_grant_and_the_tables() -> None:
    translated = translate(driver.InsufficientPrivilege(), TABLES)

    assert isinstance(translated, AegisError)
    assert "GRANT SELECT ON orders and order_items" in translated.remedy


def test_a_code_that_nobody_has_heard_of_is_final_and_shows_the_code() -> None:
    class StrangeError(psycopg.DatabaseError):
        sqlstate = "ZZ123"

    translated = translate(StrangeError(CANARY), TABLES)

    assert isinstance(translated, OrdersMisfit)
    assert translated.code == "unforeseen_database_error"
    assert "ZZ123" in translated.message


def test_an_error_class_that_comes_later_means_what_the_one_above_it_means() -> None:
    class LaterError(psycopg.OperationalError):
        pass

    assert isinstance(translate(LaterError(), TABLES), ReadBrokeOff)


def test_a_wrong_use_of_the_libraries_is_a_defect_and_shows_the_class_alone() -> None:
    translated = translate(sqlalchemy.exc.CompileError(CANARY), TABLES)

    assert isinstance(translated, DatabaseDefectError)
    assert str(translated) == "sqlalchemy.exc.CompileError"


def test_text_in_another_encoding_than_the_databases_is_an_unreadable_value() -> None:
    translated = translate(UnicodeDecodeError("utf-8", b"\xff", 0, 1, CANARY), TABLES)

    assert isinstance(translated, OrdersMisfit)
    assert translated.code == "unreadable_value"


def test_a_read_that_broke_off_survives_pickling() -> None:
    error = translate(driver.AdminShutdown(), TABLES)

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(again) is ReadBrokeOff
    assert again.args == error.args


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ('FATAL:  password authentication failed for user "x"', "login_refused"),
        ('FATAL:  role "x" does not exist', "login_refused"),
        ('FATAL:  Peer authentication failed for user "x"', "login_refused"),
        ("fe_sendauth: no password supplied", "login_refused"),
        ('FATAL:  no pg_hba.conf entry for host "::1", no encryption', "login_refused"),
        ('FATAL:  role "x" is not permitted to log in', "login_refused"),
        ('FATAL:  permission denied for database "x"', "login_refused"),
        ('FATAL:  database "x" does not exist', "unknown_database"),
        ("FATAL:  no such database: x", "unknown_database"),
        ("server does not support SSL, but SSL was required", "tls_refused"),
        ("SSL error: certificate verify failed", "tls_refused"),
        ('root certificate file "/x" does not exist', "tls_refused"),
        ("channel binding required, but not supported by server's request", "tls_refused"),
    ],
)
def test_a_refusal_that_will_not_pass_is_final(words: str, code: str) -> None:
    error = translate_refusal(psycopg.OperationalError(f"connection failed: {words}"))

    assert isinstance(error, OrdersMisfit)
    assert error.code == code


@pytest.mark.parametrize(
    "words",
    [
        "Connection refused",
        "connection timeout expired",
        "FATAL:  the database system is starting up",
        "FATAL:  sorry, too many clients already",
        "server closed the connection unexpectedly",
        "SSL error: unexpected eof while reading",
        "SSL SYSCALL error: EOF detected",
        "failed to resolve host 'certificate.example': Name or service not known",
        'server at "certificate.example" failed: Connection refused',
        'server at "no such user" failed: Connection refused',
    ],
)
def test_a_refusal_that_may_pass_is_tried_again(words: str) -> None:
    error = translate_refusal(psycopg.OperationalError(f"connection failed: {words}"))

    assert isinstance(error, OrdersUnreachable)
    assert error.code == "database_unreachable"
    assert words not in str(error)
