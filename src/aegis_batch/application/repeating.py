"""Requests that may be repeated: the second is answered as the first was, and does nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from aegis_batch.application.ledger import LedgerTurn
from aegis_batch.application.ports.answered_requests import AnsweredRequest
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["Once", "answered", "keep_answer", "once"]


@dataclass(frozen=True, slots=True)
class Once:
    """A request with a key of its sender's own; ``digest`` is of all that it asks for."""

    key: str
    digest: str


def once(turn: LedgerTurn, request: Once | None, deed: Callable[[], str]) -> tuple[str, bool]:
    """Do what a request asks for, and return the id of what came of it, and whether it was new.

    Without a request it is done each time. Raises ``InvalidRequest`` (``key_reused``) where
    another request had the same key.
    """
    before = answered(turn, request)
    if before is not None:
        return before, False
    subject = deed()
    keep_answer(turn, request, subject)
    return subject, True


def answered(turn: LedgerTurn, request: Once | None) -> str | None:
    """Return what came of a request that was carried out before; raises as ``once`` does."""
    before = None if request is None else turn.state.answered_requests.find(request.key)
    if request is None or before is None:
        return None
    if before.digest != request.digest:
        raise InvalidRequest(
            "key_reused",
            "Another request has had this Idempotency-Key.",
            "Give each request a key of its own, and the same one only to what is sent again.",
        )
    return before.subject


def keep_answer(turn: LedgerTurn, request: Once | None, subject: str) -> None:
    """Keep what came of a request, if it is one that may be repeated."""
    if request is not None:
        turn.state.answered_requests.keep(
            AnsweredRequest(request.key, request.digest, subject, turn.now)
        )
