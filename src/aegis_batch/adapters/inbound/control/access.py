"""Who may call: keys and tokens, and what becomes of whoever has neither."""

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBearer
from loguru import logger
from starlette.concurrency import run_in_threadpool

from aegis_batch.adapters.inbound.control.problems import Refusal
from aegis_batch.adapters.inbound.control.tokens import Caller, TokenChecker
from aegis_batch.application.actor import Actor
from aegis_batch.application.auditing import Auditing
from aegis_batch.application.ports.clock import Clock
from aegis_batch.domain.errors import AegisError
from aegis_batch.domain.printable import printable

__all__ = ["Access", "Gate", "GatedRoute"]

_KEY_NAME = "internal-key"
_NOBODY = "nobody"
_UNAUTHENTICATED = 401
_FORBIDDEN = 403
_ADDRESSES_MAX = 10_000
_FORGOTTEN_SECONDS = 600.0
_FIRST_DELAY_SECONDS = 0.05
_AUDITED_MAX = 100

# They say in the document how one gets in, and let nobody in or out themselves.
_TOKEN = HTTPBearer(scheme_name="token", bearerFormat="JWT", auto_error=False)
_KEY = APIKeyHeader(scheme_name="key", name="X-Internal-Key", auto_error=False)


class Gate:
    """Lets callers in, each request once; a dependency of routes."""

    def __init__(self, let_in: Callable[[Request], Awaitable[Actor]]) -> None:
        """Take what lets in, and raises ``Refusal``."""
        self._let_in = let_in

    async def let_in(self, request: Request) -> Actor:
        """Return who makes a request; raises ``Refusal``."""
        if getattr(request.state, "gate", None) is not self:
            await self._let_in(request)
            request.state.gate = self
        actor: Actor = request.state.actor
        return actor

    async def __call__(
        self, request: Request, _token: Annotated[object, Security(_TOKEN)] = None
    ) -> Actor:
        """Do the same for a route."""
        return await self.let_in(request)


class _GateWithKey(Gate):
    """Lets in by the key too."""

    async def __call__(
        self,
        request: Request,
        _token: Annotated[object, Security(_TOKEN)] = None,
        _key: Annotated[object, Security(_KEY)] = None,
    ) -> Actor:
        return await self.let_in(request)


class GatedRoute(APIRoute):
    """A route that reads nothing of a request before its gate has let it in."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers requests."""
        answer = super().get_route_handler()
        gates = [each.call for each in self.dependant.dependencies if isinstance(each.call, Gate)]

        async def gated(request: Request) -> Response:
            for gate in gates:
                await gate.let_in(request)
            return await answer(request)

        return gated


@dataclass(slots=True)
class _Failures:
    count: int
    last_seconds: float


class Access:
    """Lets callers in, and slows down those who fail, address by address.

    Each refusal is in the audit, of one address at most a hundred until it has been quiet for ten
    minutes: nobody fills the state by failing.
    """

    def __init__(
        self,
        internal_key: str | None,
        tokens: TokenChecker | None,
        auditing: Auditing,
        clock: Clock,
        delay_seconds_max: float = 2.0,
    ) -> None:
        """Take the key and what checks tokens; without either, nobody gets in by it.

        ``delay_seconds_max`` is how long a refusal is put off at most.
        """
        self._key = None if internal_key is None else _digest(internal_key)
        self._tokens = tokens
        self._auditing = auditing
        self._clock = clock
        self._delay_seconds_max = delay_seconds_max
        self._failures: dict[str, _Failures] = {}
        self.refused: Counter[str] = Counter()

    def gate(self, scope: str, *, takes_key: bool = False) -> Gate:
        """Return what lets in whoever has a scope, or the key where it is taken.

        It raises ``Refusal``.
        """

        async def let_in(request: Request) -> Actor:
            origin = request.client.host if request.client else None
            try:
                caller = self._caller(request, origin, takes_key=takes_key)
                request.state.actor = caller.actor
                _require(caller, scope)
            except Refusal as refusal:
                known: Actor | None = getattr(request.state, "actor", None)
                await self.refuse(known or Actor(_NOBODY, origin), request, refusal.code)
                raise
            self._failures.pop(origin or "", None)
            return caller.actor

        return _GateWithKey(let_in) if takes_key else Gate(let_in)

    async def refuse(self, actor: Actor, request: Request, code: str) -> None:
        """Count and audit a refusal, and wait the longer the more there were from its address."""
        self.refused[code] += 1
        failures = self._note(actor.origin or "")
        if failures <= _AUDITED_MAX:
            told = f"{request.method} {request.url.path}"[:200]
            await run_in_threadpool(self._audit, actor, told, code)
        delay_seconds = _FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 10)
        await asyncio.sleep(min(delay_seconds, self._delay_seconds_max))

    def _audit(self, actor: Actor, told: str, code: str) -> None:
        """Keep a refusal; where the state is away, the log has it, and it is a refusal still."""
        try:
            self._auditing.note(actor, "control.refused", told, code)
        except AegisError as error:
            logger.bind(event="control.refusal_unaudited", code=error.code, refused=code).error(
                "{} was refused {} from {}, which the audit can't keep now",
                printable(actor.name),
                printable(told),
                actor.origin,
            )

    def _caller(self, request: Request, origin: str | None, *, takes_key: bool) -> Caller:
        given = request.headers.get("X-Internal-Key")
        if given is not None and takes_key:
            # Digests have one length, whatever the keys have.
            if self._key is None or not hmac.compare_digest(_digest(given), self._key):
                raise Refusal(_UNAUTHENTICATED, "key_invalid")
            return Caller(Actor(_KEY_NAME, origin), frozenset({"operate"}))
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(_UNAUTHENTICATED, "not_authenticated")
        if self._tokens is None:
            raise Refusal(_UNAUTHENTICATED, "tokens_not_set_up")
        return self._tokens.check(token.strip(), origin)

    def _note(self, origin: str) -> int:
        now_seconds = self._clock.monotonic_seconds()
        if len(self._failures) >= _ADDRESSES_MAX:
            self._failures = {
                address: each
                for address, each in self._failures.items()
                if now_seconds - each.last_seconds < _FORGOTTEN_SECONDS
            }
        before = self._failures.get(origin)
        count = 1
        if before is not None and now_seconds - before.last_seconds < _FORGOTTEN_SECONDS:
            count = before.count + 1
        if before is not None or len(self._failures) < _ADDRESSES_MAX:
            self._failures[origin] = _Failures(count, now_seconds)
        return count


def _require(caller: Caller, scope: str) -> None:
    if not caller.may(scope):
        raise Refusal(_FORBIDDEN, "scope_missing")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
