"""Chance: identifiers that nobody else has."""

import secrets
import uuid

from aegis_batch.domain.run import Run

__all__ = ["new_instance_id", "new_run_id", "new_span_id", "new_trace_id", "new_traceparent"]


def new_run_id() -> str:
    """Return the id of a new run: a random UUID in its text form."""
    return str(uuid.uuid4())


def new_instance_id() -> str:
    """Return an id by which one process is told from all others: a random UUID."""
    return str(uuid.uuid4())


def new_trace_id() -> str:
    """Return a new trace id: 32 hexadecimal digits, not all zero (W3C Trace Context)."""
    return f"{secrets.randbits(128) or 1:032x}"


def new_span_id() -> str:
    """Return a new span id: 16 hexadecimal digits, not all zero (W3C Trace Context)."""
    return f"{secrets.randbits(64) or 1:016x}"


def new_traceparent(run: Run) -> str:
    """Return a ``traceparent`` header in a run's trace, with a new span id each time."""
    return f"00-{run.trace_id}-{new_span_id()}-01"
