"""Pages of lists, and requests that may be repeated."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Header, Query, Request, Response

from aegis_batch.application.actor import Actor
from aegis_batch.application.repeating import Once
from aegis_batch.domain.errors import InvalidRequest

__all__ = [
    "IdempotencyKey",
    "Page",
    "once_of",
]

_LIMIT_MAX = 1_000
_DEFAULT_LIMIT = 100
_KEY_CHARACTERS_MAX = 200
_CURSOR_CHARACTERS_MAX = 400
_Item = TypeVar("_Item")
_Place = tuple[datetime, str]

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=_KEY_CHARACTERS_MAX,
        pattern=r"^[\x21-\x7e]+$",
        description="The same for a request that is sent again: it is carried out once.",
    ),
]


class Page:
    """A page of a list: how many at most, and behind which place; raises ``InvalidRequest``.

    A dependency of routes that list.
    """

    def __init__(
        self,
        request: Request,
        response: Response,
        limite: Annotated[int, Query(ge=1, le=_LIMIT_MAX, description="How many at most.")] = (
            _DEFAULT_LIMIT
        ),
        antes: Annotated[
            str | None,
            Query(
                max_length=_CURSOR_CHARACTERS_MAX, description="What Link said of the next page."
            ),
        ] = None,
    ) -> None:
        """Take what is asked, and the answer, which is told where the next page is."""
        self.limit = limite
        self.before = None if antes is None else _place_of(antes)
        self._request = request
        self._response = response

    def tell_next(self, found: Sequence[_Item], place_of: Callable[[_Item], _Place]) -> None:
        """Tell where the next page is, if there may be one: behind the last of those found."""
        if len(found) < self.limit:
            return
        instant, subject = place_of(found[-1])
        text = f"{instant.isoformat()}|{subject}"
        cursor = base64.urlsafe_b64encode(text.encode()).decode()
        query = urlencode({**self._request.query_params, "antes": cursor})
        self._response.headers["Link"] = f'<{self._request.url.path}?{query}>; rel="next"'


def _place_of(text: str) -> _Place:
    try:
        instant, mark, subject = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        at = datetime.fromisoformat(instant).astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error):
        mark, at, subject = "", datetime.max.replace(tzinfo=UTC), ""
    if not mark or "\0" in subject:
        raise InvalidRequest(
            "invalid_cursor", "The cursor (antes) is none.", "Take it from the header Link."
        )
    return at, subject


async def once_of(request: Request, key: str | None, actor: Actor) -> Once | None:
    """Return a request as one that is carried out once, where it has a key."""
    if key is None:
        return None
    asked = f"{request.method}\n{request.url.path}\n".encode() + await request.body()
    return Once(f"{actor.name}|{actor.tenant or ''}|{key}", hashlib.sha256(asked).hexdigest())
