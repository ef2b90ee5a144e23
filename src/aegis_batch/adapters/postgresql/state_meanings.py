"""What each error of the driver means for the state, by SQLSTATE or by class.

Source: PostgreSQL's manual, appendix A, "PostgreSQL Error Codes".
"""

from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import errors as driver
from psycopg.transaction import OutOfOrderTransactionNesting
from sqlalchemy import exc as toolkit

from aegis_batch.adapters.postgresql.refusals import Refusal
from aegis_batch.domain.errors import AegisError, StateMisfit, StateUnavailable

__all__ = ["DEFECT", "OF_CLASS", "OF_REFUSAL", "OF_SQLSTATE", "UNFORESEEN", "Meaning"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error is in the project's own words.

    ``{place}`` stands for the database, ``{sqlstate}`` for the server's code.
    """

    kind: type[AegisError]
    code: str
    message: str
    remedy: str


_AWAY: Final = Meaning(
    StateUnavailable,
    "state_away",
    "The state database {place} can't be reached.",
    "See that it runs, and that host, port and sslmode in AEGIS_STATE_URL are right.",
)
_BROKE_OFF: Final = Meaning(
    StateUnavailable,
    "state_broke_off",
    "The state database {place} ended the connection, or the transaction, in the middle of it.",
    "Try again; if it goes on, see in the server's log why it ends connections.",
)
_LOCKED: Final = Meaning(
    StateUnavailable,
    "state_locked",
    "Another process keeps the state database {place} locked.",
    "Try again later; if it goes on, look in pg_stat_activity for a transaction that does not end.",
)
_TIMED_OUT: Final = Meaning(
    StateUnavailable,
    "state_timeout",
    "The state database {place} did not finish a statement in its time, or somebody cancelled it.",
    "Try again later; if it goes on, see what else keeps the server busy.",
)
_FULL: Final = Meaning(
    StateUnavailable,
    "state_full",
    "There is no room left for the state database {place}.",
    "Make room on the server's disk; nothing that was recorded is lost.",
)
_CROWDED: Final = Meaning(
    StateUnavailable,
    "state_too_many_connections",
    "The server of the state database {place} takes no more connections.",
    "Try again later; raise its max_connections, or put a pooler before it.",
)
_SHORT_OF: Final = Meaning(
    StateUnavailable,
    "state_short_of_resources",
    "The state database {place} lacks memory, locks or the like (SQLSTATE {sqlstate}).",
    "Try again later; if it goes on, see the server's log.",
)
_INTERNAL: Final = Meaning(
    StateUnavailable,
    "state_internal_error",
    "The state database {place}, or a proxy before it, reports an error inside itself"
    " (SQLSTATE {sqlstate}).",
    "Try again later; if it goes on, see the server's log.",
)
_LOGIN_REFUSED: Final = Meaning(
    StateMisfit,
    "state_login_refused",
    "The state database {place} refused the login.",
    "Set the right user and password in AEGIS_STATE_URL, and see that the role may LOGIN and"
    " CONNECT from here (pg_hba.conf).",
)
_TLS_REFUSED: Final = Meaning(
    StateMisfit,
    "state_tls_refused",
    "No encrypted connection to the state database {place} could be made as demanded.",
    "See sslmode, sslrootcert and channel_binding in AEGIS_STATE_URL, and what the server offers.",
)
_UNKNOWN_DATABASE: Final = Meaning(
    StateMisfit,
    "state_unknown_database",
    "The server has no database {place}.",
    "Create it, or set the right one in AEGIS_STATE_URL.",
)
_MISFIT: Final = Meaning(
    StateMisfit,
    "state_misfit",
    "The tables in the state database {place} are missing, or not as this version needs them.",
    "Bring them up to date with: aegis-batch state migrate.",
)
_DENIED: Final = Meaning(
    StateMisfit,
    "state_denied",
    "The role in AEGIS_STATE_URL lacks a right in the state database {place}.",
    "Make that role the owner of the database: it makes tables there, and the schema dbos.",
)
_READ_ONLY: Final = Meaning(
    StateMisfit,
    "state_read_only",
    "The state database {place} may only be read: it is a replica, or set so.",
    "Name the primary in AEGIS_STATE_URL, or see default_transaction_read_only of the role.",
)
_ENCODING: Final = Meaning(
    StateMisfit,
    "state_wrong_encoding",
    "The encoding of the state database {place} lacks a character that is to be kept.",
    "Use a database whose encoding is UTF8.",
)
_DAMAGED: Final = Meaning(
    StateMisfit,
    "state_damaged",
    "The state database {place} reports damaged data or a damaged index (SQLSTATE {sqlstate}).",
    "Let the owner of the database look at it, with its backups at hand.",
)
UNFORESEEN: Final = Meaning(
    StateMisfit,
    "state_unforeseen_error",
    "The state database {place} reports an error that this program doesn't know"
    " (SQLSTATE {sqlstate}).",
    "See the server's log, which has the statement and the cause.",
)
# Not an error of the database: a fault of this program, told as one.
DEFECT: Final = None

OF_REFUSAL: Final = {
    Refusal.TLS: _TLS_REFUSED,
    Refusal.LOGIN: _LOGIN_REFUSED,
    Refusal.DATABASE: _UNKNOWN_DATABASE,
    Refusal.PASSING: _AWAY,
}

# By all five characters, or by the first two: a class of the manual's table.
OF_SQLSTATE: Final[dict[str, Meaning | None]] = {
    "02": DEFECT,
    "03": DEFECT,
    "08": _BROKE_OFF,
    "09": DEFECT,
    "0A": DEFECT,
    "0B": DEFECT,
    "0F": DEFECT,
    "0L": DEFECT,
    "0P": DEFECT,
    "0Z": DEFECT,
    "10": DEFECT,
    "20": DEFECT,
    "21": DEFECT,
    "22": DEFECT,
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "23": DEFECT,
    "24": DEFECT,
    "25": DEFECT,
    "25006": _READ_ONLY,
    "25P03": _BROKE_OFF,
    "25P04": _TIMED_OUT,
    "26": DEFECT,
    "27": DEFECT,
    "28": _LOGIN_REFUSED,
    "2B": DEFECT,
    "2D": DEFECT,
    "2F": DEFECT,
    "34": DEFECT,
    "38": DEFECT,
    "39": DEFECT,
    "3B": DEFECT,
    "3D": _UNKNOWN_DATABASE,
    "3F": _MISFIT,
    "40": _BROKE_OFF,
    "42": DEFECT,
    "42501": _DENIED,
    "42703": _MISFIT,
    "42P01": _MISFIT,
    "44": DEFECT,
    "53": _SHORT_OF,
    "53100": _FULL,
    "53300": _CROWDED,
    "54": DEFECT,
    "55": DEFECT,
    "55006": _SHORT_OF,
    "55P03": _LOCKED,
    "57": _BROKE_OFF,
    "57014": _TIMED_OUT,
    "57P04": _UNKNOWN_DATABASE,
    "58": _SHORT_OF,
    "72": _BROKE_OFF,
    "F0": _SHORT_OF,
    "HV": DEFECT,
    "P0": DEFECT,
    "XX": _INTERNAL,
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
    psycopg.Error: DEFECT,
    psycopg.DatabaseError: DEFECT,
    psycopg.DataError: DEFECT,
    psycopg.IntegrityError: DEFECT,
    psycopg.InterfaceError: DEFECT,
    psycopg.InternalError: DEFECT,
    psycopg.NotSupportedError: DEFECT,
    psycopg.ProgrammingError: DEFECT,
    OutOfOrderTransactionNesting: DEFECT,
    toolkit.DisconnectionError: _BROKE_OFF,
    toolkit.InvalidatePoolError: _BROKE_OFF,
    # All connections of this process were in use for as long as one is waited for.
    toolkit.TimeoutError: _LOCKED,
    # SQLAlchemy was used wrongly, or wraps an error of the driver, which then decides.
    toolkit.SQLAlchemyError: DEFECT,
}
