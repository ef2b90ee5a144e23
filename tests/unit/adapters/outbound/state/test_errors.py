"""Every error of SQLite and of SQLAlchemy has its one meaning here."""

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import exc as toolkit

from aegis_batch.adapters.outbound.state.error_meanings import OF_CLASS, OF_CODE
from aegis_batch.adapters.outbound.state.errors import StateDefectError, translate
from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

CANARY = "canary-7c1f"
FILE = Path("/data/state.db")

# What the driver knows by name that is no result of a statement: authorisation, limits and so on.
_RESULTS = {
    name.removeprefix("SQLITE_"): value
    for name, value in vars(sqlite3).items()
    if name.startswith("SQLITE_") and isinstance(value, int)
}
_PRIMARY = frozenset(
    {
        *("ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY"),
        *("INTERRUPT", "IOERR", "CORRUPT", "NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY"),
        *("SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE", "NOLFS", "AUTH", "FORMAT"),
        *("RANGE", "NOTADB", "NOTICE", "WARNING"),
    }
)
_EXTENDED = sorted(
    name for name, value in _RESULTS.items() if name.partition("_")[0] in _PRIMARY and value > 255
)


def coded(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind(CANARY)
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_NAME"
    return error


def and_below(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from and_below(below)


def classes() -> list[type[Exception]]:
    found = {*and_below(sqlite3.Error), *and_below(toolkit.SQLAlchemyError)}
    ours = {"sqlite3", "sqlalchemy.exc"}
    return sorted((kind for kind in found if kind.__module__ in ours), key=lambda k: k.__name__)


@pytest.mark.parametrize("name", sorted(_PRIMARY))
def test_every_result_of_sqlite_is_placed(name: str) -> None:
    assert _RESULTS[name] in OF_CODE


@pytest.mark.parametrize("name", [*sorted(_PRIMARY), *_EXTENDED])
def test_no_translation_repeats_the_drivers_words(name: str) -> None:
    translated = translate(coded(_RESULTS[name]), FILE)

    assert isinstance(translated, StateMisfit | StateUnavailable | StateDefectError)
    assert CANARY not in f"{translated} {translated!r}"
    assert "{" not in str(translated)


def test_the_walk_meets_the_results_it_is_there_for() -> None:
    assert {"IOERR_SHORT_READ", "BUSY_SNAPSHOT", "CONSTRAINT_TRIGGER"} <= set(_EXTENDED)
    assert len(_EXTENDED) > 50
    assert set(OF_CODE) <= set(_RESULTS.values())


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_an_error_without_a_code_has_a_meaning_by_its_class(kind: type[Exception]) -> None:
    assert any(above in OF_CLASS for above in kind.__mro__)
    if kind.__module__ == "sqlite3" and kind is not sqlite3.Warning:
        assert kind in OF_CLASS


@pytest.mark.parametrize(
    ("result", "kind", "code"),
    [
        ("BUSY", StateUnavailable, "state_locked"),
        ("BUSY_SNAPSHOT", StateUnavailable, "state_locked"),
        ("LOCKED", StateUnavailable, "state_locked"),
        ("FULL", StateUnavailable, "state_full"),
        ("IOERR_WRITE", StateUnavailable, "state_io_error"),
        ("IOERR_FSYNC", StateUnavailable, "state_io_error"),
        ("IOERR_SHMSIZE", StateUnavailable, "state_full"),
        ("IOERR_SHORT_READ", StateMisfit, "state_damaged"),
        ("CORRUPT", StateMisfit, "state_damaged"),
        ("CORRUPT_INDEX", StateMisfit, "state_damaged"),
        ("NOTADB", StateMisfit, "state_no_database"),
        ("READONLY", StateMisfit, "state_read_only"),
        ("READONLY_DIRECTORY", StateMisfit, "state_read_only"),
        ("CANTOPEN", StateMisfit, "state_cannot_open"),
        ("NOMEM", StateUnavailable, "state_short_of_memory"),
    ],
)
def test_a_result_is_an_error_of_the_domain(result: str, kind: type[AegisError], code: str) -> None:
    translated = translate(coded(_RESULTS[result]), FILE)

    assert type(translated) is kind
    assert translated.code == code


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, StateUnavailable, "state_full"),
        (errno.EDQUOT, StateUnavailable, "state_full"),
        (errno.EROFS, StateMisfit, "state_read_only"),
        (errno.EACCES, StateMisfit, "state_cannot_open"),
        (errno.ENOTDIR, StateMisfit, "state_cannot_open"),
        (errno.EIO, StateUnavailable, "state_io_error"),
    ],
)
def test_an_error_of_the_system_is_one_too(number: int, kind: type[AegisError], code: str) -> None:
    translated = translate(OSError(number, CANARY), FILE)

    assert type(translated) is kind
    assert translated.code == code


def test_a_wrapped_error_means_what_it_means_bare() -> None:
    bare = coded(_RESULTS["FULL"])
    wrapped = toolkit.DBAPIError("INSERT", {"p": CANARY}, bare)

    assert repr(translate(wrapped, FILE)) == repr(translate(bare, FILE))


def test_text_that_is_none_is_damage() -> None:
    translated = translate(sqlite3.OperationalError(f"Could not decode to UTF-8 {CANARY}"), FILE)

    assert isinstance(translated, StateMisfit)
    assert translated.code == "state_damaged"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (coded(_RESULTS["CONSTRAINT_TRIGGER"], sqlite3.IntegrityError), "SQLITE_NAME"),
        (toolkit.CompileError(CANARY), "sqlalchemy.exc.CompileError"),
        (toolkit.StatementError(CANARY, "S", {}, ValueError(CANARY)), "builtins.ValueError"),
    ],
)
def test_a_wrong_use_of_the_libraries_is_a_defect_and_shows_its_name_alone(
    error: Exception, told: str
) -> None:
    translated = translate(error, FILE)

    assert isinstance(translated, StateDefectError)
    assert str(translated) == told


def test_no_connection_to_be_had_is_a_state_in_use() -> None:
    translated = translate(toolkit.TimeoutError(), FILE)

    assert isinstance(translated, StateUnavailable)
    assert translated.code == "state_locked"
