"""What each error of the driver means here, by SQLSTATE or by class.

Source: PostgreSQL's manual, appendix A, "PostgreSQL Error Codes".
"""

from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors as driver
from psycopg.transaction import OutOfOrderTransactionNesting
from sqlalchemy import exc as toolkit

from aegis_batch.domain.errors import AegisError, OrdersMisfit, OrdersUnreachable

__all__ = ["DEFECT", "OF_CLASS", "OF_SQLSTATE", "Meaning", "ReadBrokeOff"]


class ReadBrokeOff(OrdersUnreachable):
    """A read broke off for a cause that is mostly gone at once: the whole of it may be restarted.

    The only kind of error after which a read is started again; it never is in its middle.
    """


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error is in the project's own words.

    ``{tables}`` stands for the tables that were read, ``{sqlstate}`` for the server's code.
    """

    kind: type[AegisError]
    code: str
    message: str
    remedy: str


_BROKE_OFF: Final = Meaning(
    ReadBrokeOff,
    "read_broke_off",
    "The orders' database ended the connection, or the transaction, in the middle of a read.",
    "Try again later; if it goes on, see in the server's log why it ends connections.",
)
_TIMED_OUT: Final = Meaning(
    OrdersUnreachable,
    "statement_timeout",
    "The orders' database did not finish a statement in its time, or somebody cancelled it.",
    "See that the order's time and the lines' order id have an index, or raise"
    " AEGIS_DB_STATEMENT_TIMEOUT_SECONDS.",
)
_SHORT_OF: Final = Meaning(
    OrdersUnreachable,
    "database_short_of_resources",
    "The orders' database lacks memory, disk, locks or the like (SQLSTATE {sqlstate}).",
    "Try again later; if it goes on, see the server's log.",
)
_LOGIN_REFUSED: Final = Meaning(
    OrdersMisfit,
    "login_refused",
    "The orders' database refused the login.",
    "Set the right user and password in DATABASE_URL, and see that the role may LOGIN and"
    " CONNECT from here (pg_hba.conf).",
)
_UNKNOWN_DATABASE: Final = Meaning(
    OrdersMisfit,
    "unknown_database",
    "The server has no database of the name that DATABASE_URL gives.",
    "Set the right database in DATABASE_URL.",
)
_MISSING_TABLE: Final = Meaning(
    OrdersMisfit,
    "missing_table",
    "A table or view is missing that {tables} is read from.",
    "Name the right ones in the settings, or mend the view.",
)
_MISSING_COLUMN: Final = Meaning(
    OrdersMisfit,
    "missing_column",
    "A column is missing that {tables} is read from.",
    "Name the right ones in the settings, or mend the view.",
)
_PERMISSION_DENIED: Final = Meaning(
    OrdersMisfit,
    "permission_denied",
    "The role in DATABASE_URL may not read {tables}.",
    "GRANT USAGE ON SCHEMA of theirs, and GRANT SELECT ON {tables}, TO that role; a view's"
    " owner needs the same for what the view reads.",
)
_UNSUPPORTED_TYPE: Final = Meaning(
    OrdersMisfit,
    "unsupported_column_type",
    "A column of {tables} has a type that can't be read, added up or compared"
    " (SQLSTATE {sqlstate}).",
    "Make a view that casts it, and name the view in the settings.",
)
_UNREADABLE_VALUE: Final = Meaning(
    OrdersMisfit,
    "unreadable_value",
    "{tables} holds a value that can't be read or is too large to add up (SQLSTATE {sqlstate}).",
    "Find it in the shop's database and mend it there; the server's log names it.",
)
_UNFIT_SOURCE: Final = Meaning(
    OrdersMisfit,
    "unfit_source",
    "{tables} can't be read as it is: its view, function or foreign table failed"
    " (SQLSTATE {sqlstate}).",
    "Run the same SELECT as that role; the server's log has the statement and the cause.",
)
_INTERNAL_ERROR: Final = Meaning(
    OrdersUnreachable,
    "database_internal_error",
    "The orders' database, or a proxy before it, reports an error inside itself"
    " (SQLSTATE {sqlstate}).",
    "Try again later; if it goes on, see the server's log.",
)
_DAMAGED: Final = Meaning(
    OrdersMisfit,
    "database_damaged",
    "The orders' database reports damaged data or a damaged index (SQLSTATE {sqlstate}).",
    "Let the owner of the database look at it, with its backups at hand.",
)
# Not an error of the orders or of the database: a fault of this program, told as one.
DEFECT: Final = None

# By all five characters, or by the first two: a class of the manual's table.
OF_SQLSTATE: Final[dict[str, Meaning]] = {
    "02": _UNFIT_SOURCE,
    "03": _UNFIT_SOURCE,
    "08": _BROKE_OFF,
    "09": _UNFIT_SOURCE,
    "0A": _UNFIT_SOURCE,
    "0B": _UNFIT_SOURCE,
    "0F": _UNFIT_SOURCE,
    "0L": _UNFIT_SOURCE,
    "0P": _UNFIT_SOURCE,
    "0Z": _UNFIT_SOURCE,
    "10": _UNREADABLE_VALUE,
    "20": _UNFIT_SOURCE,
    "21": _UNFIT_SOURCE,
    "22": _UNREADABLE_VALUE,
    "23": _UNFIT_SOURCE,
    "24": _UNFIT_SOURCE,
    "25": _UNFIT_SOURCE,
    "25P03": _BROKE_OFF,
    "25P04": _TIMED_OUT,
    "26": _UNFIT_SOURCE,
    "27": _UNFIT_SOURCE,
    "28": _LOGIN_REFUSED,
    "2B": _UNFIT_SOURCE,
    "2D": _UNFIT_SOURCE,
    "2F": _UNFIT_SOURCE,
    "34": _UNFIT_SOURCE,
    "38": _UNFIT_SOURCE,
    "39": _UNFIT_SOURCE,
    "3B": _UNFIT_SOURCE,
    "3D": _UNKNOWN_DATABASE,
    "3F": _MISSING_TABLE,
    "40": _BROKE_OFF,
    "42": _UNFIT_SOURCE,
    "42501": _PERMISSION_DENIED,
    "42703": _MISSING_COLUMN,
    "42804": _UNSUPPORTED_TYPE,
    "42846": _UNSUPPORTED_TYPE,
    "42883": _UNSUPPORTED_TYPE,
    "42P01": _MISSING_TABLE,
    "44": _UNFIT_SOURCE,
    "53": _SHORT_OF,
    "53300": _BROKE_OFF,
    "54": _UNFIT_SOURCE,
    "55": _UNFIT_SOURCE,
    "55006": _SHORT_OF,
    "55P03": _SHORT_OF,
    "57": _BROKE_OFF,
    "57014": _TIMED_OUT,
    "57P04": _UNKNOWN_DATABASE,
    "58": _SHORT_OF,
    "72": _BROKE_OFF,
    "F0": _SHORT_OF,
    "HV": _UNFIT_SOURCE,
    "P0": _UNFIT_SOURCE,
    "XX": _INTERNAL_ERROR,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}

# What comes without an SQLSTATE: found by the driver itself, or by SQLAlchemy.
OF_CLASS: Final[dict[type[Exception], Meaning | None]] = {
    # A connection that ends without a word has no SQLSTATE.
    psycopg.OperationalError: _BROKE_OFF,
    driver.ConnectionTimeout: _BROKE_OFF,
    driver.CancellationTimeout: _BROKE_OFF,
    driver.PipelineAborted: _BROKE_OFF,
    psycopg.DataError: _UNREADABLE_VALUE,
    psycopg.Error: DEFECT,
    psycopg.DatabaseError: DEFECT,
    psycopg.IntegrityError: DEFECT,
    psycopg.InterfaceError: DEFECT,
    psycopg.InternalError: DEFECT,
    psycopg.NotSupportedError: DEFECT,
    psycopg.ProgrammingError: DEFECT,
    OutOfOrderTransactionNesting: DEFECT,
    # Text that isn't in the encoding which the database says it has.
    UnicodeDecodeError: _UNREADABLE_VALUE,
    toolkit.DisconnectionError: _BROKE_OFF,
    toolkit.InvalidatePoolError: _BROKE_OFF,
    toolkit.TimeoutError: _SHORT_OF,
    # These wrap an error of the driver, which then decides; without one they should not be.
    toolkit.StatementError: DEFECT,
    toolkit.DBAPIError: DEFECT,
    toolkit.InterfaceError: DEFECT,
    toolkit.DatabaseError: DEFECT,
    toolkit.DataError: DEFECT,
    toolkit.OperationalError: DEFECT,
    toolkit.IntegrityError: DEFECT,
    toolkit.InternalError: DEFECT,
    toolkit.ProgrammingError: DEFECT,
    toolkit.NotSupportedError: DEFECT,
    # SQLAlchemy was used wrongly.
    toolkit.SQLAlchemyError: DEFECT,
    toolkit.ArgumentError: DEFECT,
    toolkit.DuplicateColumnError: DEFECT,
    toolkit.ObjectNotExecutableError: DEFECT,
    toolkit.NoSuchModuleError: DEFECT,
    toolkit.NoForeignKeysError: DEFECT,
    toolkit.AmbiguousForeignKeysError: DEFECT,
    toolkit.ConstraintColumnNotFoundError: DEFECT,
    toolkit.CircularDependencyError: DEFECT,
    toolkit.CompileError: DEFECT,
    toolkit.UnsupportedCompilationError: DEFECT,
    toolkit.IdentifierError: DEFECT,
    toolkit.InvalidRequestError: DEFECT,
    toolkit.IllegalStateChangeError: DEFECT,
    toolkit.NoInspectionAvailable: DEFECT,
    toolkit.NoDBAPILoaded: DEFECT,
    toolkit.PendingRollbackError: DEFECT,
    toolkit.ResourceClosedError: DEFECT,
    toolkit.NoSuchColumnError: DEFECT,
    toolkit.AmbiguousColumnError: DEFECT,
    toolkit.NoResultFound: DEFECT,
    toolkit.MultipleResultsFound: DEFECT,
    toolkit.NoReferenceError: DEFECT,
    toolkit.NoReferencedTableError: DEFECT,
    toolkit.NoReferencedColumnError: DEFECT,
    toolkit.AwaitRequired: DEFECT,
    toolkit.MissingGreenlet: DEFECT,
    toolkit.NoSuchTableError: DEFECT,
    toolkit.UnreflectableTableError: DEFECT,
    toolkit.UnboundExecutionError: DEFECT,
}
