"""Bearer tokens: who somebody is, what he may do, and whose jobs are his."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from aegis_batch.adapters.inbound.control.problems import Refusal
from aegis_batch.application.actor import Actor
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.printable import printable
from aegis_batch.domain.tenant import EVERYONE, SINGLE, check_tenant_id

__all__ = ["Caller", "TokenChecker", "TokenRules"]

_TOKEN_CHARACTERS_MAX = 8_192
_NAME_CHARACTERS_MAX = 100
_LEEWAY_SECONDS = 5
_REQUIRED = ["exp", "iss", "aud", "sub"]
# Whoever may do more may do what is before it.
_SCOPES = ("read", "operate", "admin")
_UNAUTHENTICATED = 401
_FORBIDDEN = 403


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who has shown who he is, and what he may do: his own scopes alone."""

    actor: Actor
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Say whether a scope, or one above it, is his."""
        return any(each in self.scopes for each in _SCOPES[_SCOPES.index(scope) :])


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token has to be; ``algorithm`` is the only one that counts."""

    key: str = field(repr=False)
    algorithm: str
    issuer: str
    audience: str
    tenant_claim: str = "tenant"
    several_tenants: bool = False


class TokenChecker:
    """Checks tokens (RFC 7519, RFC 8725)."""

    def __init__(self, rules: TokenRules) -> None:
        """Take the rules; raises ``InvalidRequest`` for a key that is none of the algorithm."""
        self._rules = rules
        algorithm = jwt.get_algorithm_by_name(rules.algorithm)
        try:
            # What fits checks a signature, even where that is none.
            algorithm.verify(b"", algorithm.prepare_key(rules.key), b"")
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise InvalidRequest(
                "control_key_unfit",
                f"AEGIS_CONTROL_JWT_KEY is no key that tokens of {rules.algorithm} are checked"
                " with.",
                "Give a secret for HS256, and for the others a public key as PEM; or set"
                " AEGIS_CONTROL_JWT_ALGORITHM to what tokens are signed by.",
            ) from None

    def check(self, token: str, origin: str | None) -> Caller:
        """Return who a token is of; raises ``Refusal`` with why it doesn't count."""
        claims = self._claims(token)
        name = printable(str(claims["sub"]))[:_NAME_CHARACTERS_MAX]
        return Caller(Actor(name, origin, self._tenant(claims)), _scopes(claims))

    def _claims(self, token: str) -> Mapping[str, Any]:
        rules = self._rules
        if len(token) > _TOKEN_CHARACTERS_MAX:
            raise Refusal(_UNAUTHENTICATED, "token_too_long")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != rules.algorithm:
                raise Refusal(_UNAUTHENTICATED, "token_algorithm")
            claims: Mapping[str, Any] = jwt.decode(
                token,
                rules.key,
                algorithms=[rules.algorithm],
                issuer=rules.issuer,
                audience=rules.audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError:
            raise Refusal(_UNAUTHENTICATED, "token_expired") from None
        except jwt.ImmatureSignatureError:
            raise Refusal(_UNAUTHENTICATED, "token_not_yet_valid") from None
        except jwt.InvalidAudienceError:
            raise Refusal(_UNAUTHENTICATED, "token_audience") from None
        except jwt.InvalidIssuerError:
            raise Refusal(_UNAUTHENTICATED, "token_issuer") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Refusal(_UNAUTHENTICATED, "token_invalid") from None
        return claims

    def _tenant(self, claims: Mapping[str, Any]) -> str | None:
        tenant = claims.get(self._rules.tenant_claim)
        if not self._rules.several_tenants:
            if tenant not in (None, SINGLE, EVERYONE):
                raise Refusal(_FORBIDDEN, "tenant_forbidden")
            return None
        if tenant == EVERYONE:
            return None
        try:
            return check_tenant_id(tenant if isinstance(tenant, str) else "")
        except InvalidRequest:
            raise Refusal(_FORBIDDEN, "tenant_missing") from None


def _scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes of a token: of ``scope``, separated by blanks, or the list ``scopes``."""
    found = claims.get("scope", claims.get("scopes", ()))
    words = found.split() if isinstance(found, str) else found
    if not isinstance(words, list | tuple):
        return frozenset()
    return frozenset(each for each in words if each in _SCOPES)
