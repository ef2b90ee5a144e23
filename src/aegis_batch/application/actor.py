"""Who asks for something, for the audit, and whose jobs he may see and change."""

from dataclasses import dataclass

from aegis_batch.domain.tenant import EVERYONE

__all__ = ["Actor"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a program; ``origin`` is the address it asks from, ``None`` for this machine.

    ``tenant`` is the one whose jobs and runs it sees; ``None``: all of them.
    """

    name: str
    origin: str | None = None
    tenant: str | None = None

    def may_see(self, tenant: str) -> bool:
        """Say whether what is of a tenant is to be seen."""
        return self.tenant in (None, tenant)

    def may_change(self, tenant: str) -> bool:
        """Say whether what is of a tenant is to be changed: of everyone's, only by who sees all."""
        return self.tenant is None or (tenant != EVERYONE and self.tenant == tenant)
