"""The secrets of the settings, in every form in which they might stand in a file."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from aegis_batch.application.checks.leaks import KnownSecrets
from aegis_batch.bootstrap.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["known_secrets"]

# Shorter ones stand in files by chance.
_CHARACTERS_MIN = 8
# Those of a server for local work are, at this length or below, often words of its files.
_LOCAL_CHARACTERS_MAX = 11
_WORD = re.compile(r"[a-z]+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HEADERS = (
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
)


def known_secrets(settings: Settings, environ: Mapping[str, str]) -> KnownSecrets:
    """Return what to look for; OpenTelemetry's variables are those of the environment alone."""
    forms: dict[str, tuple[str, ...]] = {}
    guessable: dict[str, tuple[str, ...]] = {}
    for variable, secret in (
        ("X_SERVICE_TOKEN", settings.x_service_token),
        ("INTERNAL_JOBS_KEY", settings.internal_jobs_key),
        ("AEGIS_CONTROL_JWT_KEY", settings.control_jwt_key),
    ):
        if secret is not None:
            forms[f"the value of {variable}"] = _forms(secret.get_secret_value())
    for variable, address in (
        ("DATABASE_URL", settings.database_url),
        ("AEGIS_REPORTS_URL", settings.reports_url),
        ("AEGIS_STATE_URL", settings.state_url),
        ("AEGIS_EVENTS_URL", settings.events_url),
    ):
        # A file's address holds no password.
        if address is not None and not address.get_secret_value().startswith("sqlite"):
            name = f"the password in {variable}"
            own, guesses = _forms_of_address(address.get_secret_value().strip())
            if own:
                forms[name] = own
            if guesses:
                guessable[name] = guesses
    for name in _HEADERS:
        found = tuple(form for secret in _header_values(environ.get(name, "")) for form in secret)
        if found:
            forms[f"a value of {name}"] = found
    return KnownSecrets(forms, guessable)


def _forms_of_address(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the forms of a database's address and password, and those that may be chance."""
    from aegis_batch.adapters.postgresql.address import parse_address  # noqa: PLC0415

    url = parse_address(text, "The address")
    password = url.password or ""
    if not password:
        return (), ()
    if _may_be_chance(password, url):
        return (text,), _forms(password)
    return (text, *_forms(password)), ()


def _may_be_chance(password: str, url: "URL") -> bool:
    is_local = url.host is None or url.host in _LOOPBACK or url.host.startswith("/")
    is_word = _WORD.fullmatch(password) is not None
    return is_word or (is_local and len(password) <= _LOCAL_CHARACTERS_MAX)


def _header_values(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the forms of each header's value; of "Bearer x" those of x."""
    for pair in text.split(","):
        written = pair.partition("=")[2].strip()
        value = (unquote(written).split() or [""])[-1]
        if not _WORD.fullmatch(value):
            yield _forms(value)


def _forms(secret: str) -> tuple[str, ...]:
    """Return how a secret may stand in a file: as it is, or encoded for an address."""
    if len(secret) < _CHARACTERS_MIN:
        return ()
    return tuple(dict.fromkeys((secret, quote(secret, safe=""), quote(secret), quote_plus(secret))))
