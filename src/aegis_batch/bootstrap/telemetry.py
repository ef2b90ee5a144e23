"""Logs, set up once a process."""

import logging
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from aegis_batch.adapters.outbound.logs.lines import json_line, text_line
from aegis_batch.bootstrap.settings import LogFormat, LogLevel

if TYPE_CHECKING:
    from collections.abc import Callable

    from loguru import Message, Record

__all__ = ["set_up_logs", "warn_of_unknown"]


def set_up_logs(level: LogLevel, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Send log lines of a level and above to a stream, standard error by default."""
    # Libraries' own loggers print addresses and drivers' messages, which can hold secrets.
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    logger.remove()
    logger.add(
        _writer(json_line if log_format is LogFormat.JSON else text_line, stream),
        level=level.value,
        format="{message}",
        backtrace=False,
        diagnose=False,
        catch=False,
    )


def warn_of_unknown(variables: Iterable[tuple[str, str | None]]) -> None:
    """Log a warning for each variable that looks like a setting and is none; see the guess."""
    for name, guess in variables:
        logger.bind(event="setting.unknown", variable=name, guess=guess).warning(
            "an AEGIS_ variable is no setting and was left alone"
        )


def _writer(
    line_of: "Callable[[Record], str]", stream: TextIO | None
) -> "Callable[[Message], None]":
    def write(message: "Message") -> None:
        target = stream or sys.stderr
        if target is None:
            # Standard error was closed before the program began.
            return
        try:
            target.write(line_of(message.record) + "\n")
            target.flush()
        except (OSError, ValueError):
            # A log that can't be written must not change what is logged about.
            return

    return write
