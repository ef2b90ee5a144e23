"""Whose days a command acts on: of the one tenant there is, of one that is named, or of all."""

from collections.abc import Callable, Iterator, Sequence

from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX, TenantDirectory
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import EVERYONE, SINGLE, Tenant, check_tenant_id

__all__ = ["TenantChoice", "pages_of"]


class TenantChoice:
    """Settles what ``--tenant`` and ``--all`` mean in a deployment."""

    def __init__(self, directory: TenantDirectory | None) -> None:
        """Take the directory; ``None`` where the books of one shop are closed."""
        self._directory = directory

    @property
    def is_among_several(self) -> bool:
        """Whether there is anything to choose."""
        return self._directory is not None

    @property
    def directory(self) -> TenantDirectory:
        """Who there is; to be asked only where all tenants were."""
        assert self._directory is not None  # noqa: S101 - see above
        return self._directory

    def some(self, tenant_id: str | None, *, everyone: bool) -> Tenant | None:
        """Return the tenant that a command acts on; ``None``: it acts on all of them.

        Raises ``InvalidRequest`` as ``named`` does, where there are several and neither one nor all
        are named, and for one that isn't active; and as the directory does.
        """
        named = self.named(tenant_id, everyone=everyone)
        if self._directory is None:
            return Tenant(SINGLE)
        if everyone:
            return None
        if named is None:
            raise _missing("Name one with --tenant T, or all with --all.")
        tenant = self._directory.get(named)
        if tenant is None:
            raise _unknown(named)
        return tenant

    def whose(self, tenant_id: str | None) -> str:
        """Return the one tenant whose history is asked for; it may be active no more.

        Raises ``InvalidRequest`` as ``named`` does, and where there are several and none is named.
        """
        named = self.named(tenant_id)
        if self._directory is None:
            return SINGLE
        if named is None:
            raise _missing("Name it: --tenant T.")
        return named

    def named(self, tenant_id: str | None, *, everyone: bool = False) -> str | None:
        """Return whose history is asked for, if anybody's; it may be active no more.

        Raises ``InvalidRequest`` for a choice where there is none, for one and all at once, and for
        what is no tenant's id.
        """
        is_chosen = tenant_id is not None or everyone
        if self._directory is None and is_chosen:
            raise InvalidRequest(
                "tenancy_single",
                "This deployment closes the books of one shop: there is no tenant to choose.",
                "Leave out --tenant and --all; or set AEGIS_TENANCY=multi, where there are several"
                " tenants.",
            )
        if tenant_id is not None and everyone:
            raise InvalidRequest(
                "tenant_and_all",
                "Both one tenant and all of them are named.",
                "Name one with --tenant, or all with --all.",
            )
        if tenant_id == EVERYONE:
            raise InvalidRequest(
                "invalid_tenant",
                f"No tenant has the id {EVERYONE}.",
                "For all of them use --all; where a command has no --all, leave out --tenant.",
            )
        return None if tenant_id is None else check_tenant_id(tenant_id)


def pages_of(
    directory: TenantDirectory, window_of: Callable[[str | None], Window]
) -> Iterator[Sequence[Tenant]]:
    """Yield all active tenants, zone by zone, at most a page of them at a time.

    ``window_of`` gives the window of a zone in which tenants are looked for who are known by their
    orders alone. Raises as the directory does.
    """
    for zone_name in directory.zones():
        window = window_of(zone_name)
        after: str | None = None
        while True:
            page = directory.page(zone_name, after, PAGE_TENANTS_MAX, window)
            if page:
                yield page
                after = page[-1].id
            if len(page) < PAGE_TENANTS_MAX:
                break


def _missing(remedy: str) -> InvalidRequest:
    return InvalidRequest(
        "tenant_missing",
        "This deployment closes the books of several tenants, and none is named.",
        remedy,
    )


def _unknown(tenant_id: str) -> InvalidRequest:
    return InvalidRequest(
        "unknown_tenant",
        f"There is no active tenant {tenant_id}.",
        "Look for its id in AEGIS_TENANTS, or in AEGIS_TENANTS_TABLE, where it may be inactive."
        " A tenant that is known by its orders alone needs one.",
    )
