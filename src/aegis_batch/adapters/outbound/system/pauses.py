"""Waiting for a moment."""

import time

__all__ = ["SystemPauses", "let_others_in"]

# Longer than SQLite lets a process sleep that waits for its turn, most of the time.
_SECONDS = 0.05


def let_others_in() -> None:
    """Wait until whoever waits for what this thread used has had its turn."""
    time.sleep(_SECONDS)


class SystemPauses:
    """Lets threads sleep."""

    def pause(self, seconds: float) -> None:
        """Return so many seconds later by the steady clock, or a little after."""
        time.sleep(max(seconds, 0.0))
