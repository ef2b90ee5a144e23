"""The same range of every tenant, for those that verify ranges."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from aegis_batch.application.ports.tenant_directory import TenantDirectory
from aegis_batch.application.tenant_choice import pages_of
from aegis_batch.application.verify import VerifyRequest, VerifyUseCase
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest

__all__ = ["RangeOfEveryone"]


class RangeOfEveryone:
    """Yields the range of each tenant, a page of the directory at a time.

    What was never closed is left out of it, and so are days before a tenant is closed at all.
    ``tenants`` counts those that were come to, ``zoneless`` those of them that have no range, since
    their zone is none; ``is_whole`` says whether all were come to.
    """

    def __init__(
        self, use_case: VerifyUseCase, directory: TenantDirectory, request: VerifyRequest
    ) -> None:
        """Take what verifies, who there is, and the range.

        Raises ``InvalidRequest`` where it is none in the zone of any tenant; and as the directory
        does.
        """
        self._use_case = use_case
        self._directory = directory
        self._request = request
        self._zoneless: set[str | None] = set()
        self.tenants = 0
        self.zoneless = 0
        self.is_whole = False
        use_case.periods(request)
        for zone_name in directory.zones():
            self._look_at(zone_name)

    def __iter__(self) -> Iterator[VerifyRequest]:
        """Yield the ranges; raises as the directory does."""
        for page in pages_of(self._directory, self._window_of):
            for tenant in page:
                self.tenants += 1
                if tenant.zone_name in self._zoneless:
                    self.zoneless += 1
                    continue
                first = max(self._request.first, tenant.closes_from or date.min)
                if first <= self._request.last:
                    yield replace(
                        self._request,
                        tenant=tenant.id,
                        zone_name=tenant.zone_name,
                        first=first,
                        may_be_open=True,
                    )
        self.is_whole = True

    def _look_at(self, zone_name: str | None) -> None:
        try:
            self._use_case.periods(replace(self._request, zone_name=zone_name))
        except InvalidRequest as error:
            if error.code != "unknown_zone":
                raise
            self._zoneless.add(zone_name)

    def _window_of(self, zone_name: str | None) -> Window:
        zone_name = None if zone_name in self._zoneless else zone_name
        return self._use_case.window_of(replace(self._request, zone_name=zone_name))
