"""What can go wrong at the calls of each of many processes."""

from tests.simulation.plan import Fault, Point

__all__ = ["POINTS"]

_ENDS = (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.FREEZES)
POINTS = {
    "find": Point(0.012, (*_ENDS, Fault.FREEZES, Fault.UNAVAILABLE, Fault.MALFORMED)),
    "read": Point(0.09, (*_ENDS, Fault.FREEZES, Fault.UNAVAILABLE, Fault.MISFIT)),
    "submit": Point(
        0.03,
        (
            *_ENDS,
            Fault.FREEZES,
            Fault.UNAVAILABLE,
            Fault.UNAVAILABLE,
            Fault.LOST_AFTER_COMMIT,
            Fault.LOST_BEFORE_COMMIT,
            Fault.REFUSED,
        ),
    ),
    "turn": Point(
        0.006,
        (
            *_ENDS,
            Fault.FREEZES,
            Fault.LOCKED,
            Fault.FULL,
            Fault.DIES_WITHIN,
            Fault.BREAKS_WITHIN,
            Fault.DIES_BEFORE_COMMIT,
            Fault.DIES_AFTER_COMMIT,
            Fault.BREAKS_AFTER_COMMIT,
        ),
    ),
    "emit": Point(0.0004, _ENDS),
    "directory": Point(0.02, (*_ENDS, Fault.UNAVAILABLE)),
    "perform": Point(0.03, (Fault.DIES_BEFORE, Fault.DIES_AFTER, Fault.LOSES, Fault.REPEATS)),
    "deliver": Point(0.05, (*_ENDS, Fault.UNDELIVERED)),
}
