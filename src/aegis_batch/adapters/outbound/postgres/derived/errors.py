"""What errors mean that come from the reports' database, in the words of the port of reports.

Messages are the project's own: a driver's text may hold values, or a part of a password. Errors
are placed as those of the orders' database are; only what they mean to a writer is told here.
"""

from dataclasses import dataclass
from typing import Final

from aegis_batch.adapters.outbound.postgres.errors import DatabaseDefectError, translate
from aegis_batch.domain.errors import AegisError, BackendRefused, BackendUnavailable

__all__ = ["CODES", "ReportsBrokeOff", "silent", "told", "told_of"]

_LATER: Final = "Try again later; if it goes on, see the log of its server."


class ReportsBrokeOff(BackendUnavailable):
    """A transaction broke off for a cause that is mostly gone at once: it may be repeated."""


@dataclass(frozen=True, slots=True)
class _Words:
    kind: type[BackendRefused] | type[BackendUnavailable]
    code: str
    message: str
    remedy: str


_READ_ONLY: Final = _Words(
    BackendRefused,
    "reports_read_only",
    "The reports' database only lets itself be read: it is a replica, or set so.",
    "Name the primary in AEGIS_REPORTS_URL, or see default_transaction_read_only of the role.",
)
_OF_SQLSTATE: Final = {
    "25006": _READ_ONLY,
    # Somebody wrote there without the lock that all closes take.
    "23505": _Words(
        ReportsBrokeOff,
        "reports_broke_off",
        "Another program wrote the same report at the same moment.",
        "Try again; let nothing but this program write to its tables.",
    ),
}
_MISFIT: Final = _Words(
    BackendRefused,
    "reports_unfit",
    "The tables of the reports' database are not as this program made them.",
    "See with aegis-batch reports status; undo what was changed there by hand.",
)
_DENIED: Final = _Words(
    BackendRefused,
    "reports_permission_denied",
    "The role in AEGIS_REPORTS_URL lacks a right on the tables of reports.",
    "Grant it what docs/reports-database.md has for a role that writes; aegis-batch doctor names"
    " what is missing.",
)
_SHORT_OF: Final = _Words(
    BackendUnavailable,
    "reports_short_of_resources",
    "The reports' database lacks memory, disk, locks or the like.",
    _LATER,
)
# By the code that the same error has where orders are read.
_OF_CODE: Final = {
    "read_broke_off": _Words(
        ReportsBrokeOff,
        "reports_broke_off",
        "The reports' database ended the connection, or the transaction, in the middle of it.",
        _LATER,
    ),
    "statement_timeout": _Words(
        BackendUnavailable,
        "reports_timeout",
        "The reports' database did not finish a statement in its time, or somebody cancelled it.",
        "See whether something holds a lock on its tables; try again later.",
    ),
    "database_unreachable": _Words(
        BackendUnavailable,
        "reports_unreachable",
        "The reports' database can't be reached.",
        "See that it runs, and that host, port and sslmode in AEGIS_REPORTS_URL are right;"
        " AEGIS_DB_CONNECT_SECONDS is for how long it is tried.",
    ),
    "tls_refused": _Words(
        BackendRefused,
        "reports_tls_refused",
        "No encrypted connection to the reports' database could be made as demanded.",
        "See sslmode, sslrootcert and channel_binding in AEGIS_REPORTS_URL, and what the server"
        " offers.",
    ),
    "login_refused": _Words(
        BackendRefused,
        "reports_login_refused",
        "The reports' database refused the login.",
        "Set the right user and password in AEGIS_REPORTS_URL, and see that the role may LOGIN and"
        " CONNECT from here (pg_hba.conf).",
    ),
    "unknown_database": _Words(
        BackendRefused,
        "reports_unknown_database",
        "The server has no database of the name that AEGIS_REPORTS_URL gives.",
        "Create it, or set the right one in AEGIS_REPORTS_URL.",
    ),
    "missing_table": _Words(
        BackendRefused,
        "reports_not_migrated",
        "The reports' database has no tables of reports.",
        "Run: aegis-batch reports migrate",
    ),
    "missing_column": _MISFIT,
    "unsupported_column_type": _MISFIT,
    "unfit_source": _MISFIT,
    "permission_denied": _DENIED,
    "unreadable_value": _Words(
        BackendRefused,
        "reports_unstorable",
        "The report holds a value that the reports' database can't keep.",
        "See that its encoding is UTF8, and that its columns are as this program made them.",
    ),
    "database_short_of_resources": _SHORT_OF,
    "database_internal_error": _Words(
        BackendUnavailable,
        "reports_internal_error",
        "The reports' database, or a proxy before it, reports an error inside itself.",
        _LATER,
    ),
    "database_damaged": _Words(
        BackendRefused,
        "reports_damaged",
        "The reports' database reports damaged data or a damaged index.",
        "Let the owner of the database look at it, with its backups at hand.",
    ),
    "unforeseen_database_error": _Words(
        BackendRefused,
        "reports_unforeseen_error",
        "The reports' database reports an error that this program doesn't know.",
        "See the log of its server, which has the statement and the cause.",
    ),
}
CODES: Final = frozenset(words.code for words in (*_OF_CODE.values(), *_OF_SQLSTATE.values()))


def told(error: Exception) -> Exception:
    """Return the error to raise instead of one of the driver.

    It is a ``BackendRefused`` or a ``BackendUnavailable``, or ``DatabaseDefectError`` for what
    only a fault of this program explains.
    """
    own = _OF_SQLSTATE.get(_sqlstate(error))
    if own is not None:
        return _written(own)
    meant = translate(error, ("reports",))
    return told_of(meant) if isinstance(meant, AegisError) else meant


def told_of(error: AegisError) -> Exception:
    """Return the error to raise instead of one that speaks of the orders' database."""
    words = _OF_CODE.get(error.code)
    return DatabaseDefectError(error.code) if words is None else _written(words)


def silent(statement_timeout_seconds: float) -> BackendUnavailable:
    """Return the error of a server that holds its connection open and says nothing any more."""
    return BackendUnavailable(
        "reports_silent",
        "The reports' database stopped answering: a statement should have ended after"
        f" {statement_timeout_seconds:g} s by itself, and did not.",
        "See whether the server, or the network before it, hangs; try again later.",
    )


def _sqlstate(error: Exception) -> str:
    inner = getattr(error, "orig", None) or error
    found = getattr(inner, "sqlstate", None)
    return found if isinstance(found, str) else ""


def _written(words: _Words) -> AegisError:
    return words.kind(words.code, words.message, words.remedy)
