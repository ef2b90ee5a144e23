"""Where an error that nobody foresaw came from, told without its text, which may be secret."""

import traceback

__all__ = ["place_of"]

_PACKAGE = __name__.partition(".")[0]


def place_of(error: Exception) -> str:
    """Return the innermost frame of this program that an error came through, as ``module:line``.

    Where it came through none, the innermost of all.
    """
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    own = [frame for frame in frames if frame.startswith(_PACKAGE)]
    return (own or frames or ["an unknown place"])[-1]
