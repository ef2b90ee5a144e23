"""What the address of a database tells of whoever runs it, and of the way to it."""

import ipaddress

from sqlalchemy import URL

from aegis_batch.adapters.postgresql.address import option_of

__all__ = ["is_exposed", "sleeps_at"]

# Providers whose databases sleep after some idle minutes, by how their hosts' names end.
_SLEEPERS = {
    ".neon.tech": "Neon",
    ".neon.build": "Neon",
    ".vercel-storage.com": "Vercel Postgres (Neon)",
    ".pg.koyeb.app": "Koyeb",
}
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})
# Names that only a machine's own or a provider's private network knows.
_PRIVATE_NAMES = ("localhost", ".localhost", ".internal", ".flycast")


def sleeps_at(url: URL) -> str | None:
    """Return the provider where a database sleeps while idle; ``None`` where none is known."""
    for host in _hosts(url):
        for end, provider in _SLEEPERS.items():
            if host.endswith(end):
                return provider
    return None


def is_exposed(url: URL) -> bool:
    """Say whether a connection goes over a network and nothing demands its encryption."""
    if option_of(url, "sslmode") in _ENCRYPTED:
        return False
    return any(not _is_private(host) for host in _hosts(url))


def _hosts(url: URL) -> list[str]:
    named = url.host or option_of(url, "host") or option_of(url, "hostaddr")
    return [host.lower().removesuffix(".") for host in named.split(",")]


def _is_private(host: str) -> bool:
    # No host, or one like a path, means a Unix socket.
    if not host or host.startswith(("/", "@")) or host.endswith(_PRIVATE_NAMES):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
