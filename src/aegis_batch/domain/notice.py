"""Notices: what people, or a dead man's switch, are told outside of the logs, once each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["LETTER_KEY", "NIGHT_COMPLETE", "NIGHT_FAILED", "Notice", "NoticeKind", "NoticeState"]

# The names of what a night came to, for programs.
NIGHT_COMPLETE = "night.complete"
NIGHT_FAILED = "night.failed"
# What the key of a notice about a dead letter begins with; the id of its run follows.
LETTER_KEY = "dead_letter:"


class NoticeKind(StrEnum):
    """Where a notice goes: a message for people, or the heartbeat after a night."""

    MESSAGE = "message"
    NIGHT_COMPLETE = "night_complete"
    NIGHT_FAILED = "night_failed"


class NoticeState(StrEnum):
    """Whether a notice has been delivered."""

    PENDING = "pending"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to tell once; ``key`` says what about, and the same key is never told again.

    ``text`` is one line for people and safe to show. ``event`` is a name for programs. ``tenant``
    is whose run it is about, known while it is sent, ``None`` where it is about no one tenant.
    """

    key: str
    kind: NoticeKind
    event: str
    text: str
    created_at: datetime
    due_at: datetime
    state: NoticeState = NoticeState.PENDING
    attempts: int = 0
    tenant: str | None = None
