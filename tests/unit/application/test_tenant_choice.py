"""Whose days a command acts on."""

from datetime import UTC, date, datetime

import pytest

from aegis_batch.adapters.outbound.memory.tenant_directory import InMemoryTenantDirectory
from aegis_batch.application.ports.tenant_directory import PAGE_TENANTS_MAX
from aegis_batch.application.tenant_choice import TenantChoice, pages_of
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import Tenant

ZONE = "America/Sao_Paulo"
SOUTH = Tenant("south", "Asia/Tokyo")
SINGLE = TenantChoice(None)
SEVERAL = TenantChoice(InMemoryTenantDirectory([Tenant("north"), SOUTH], ZONE))


def window_of(zone_name: str | None) -> Window:
    del zone_name
    at = datetime(2026, 11, 21, tzinfo=UTC)
    return Window(date(2026, 11, 21), at, at, at, at)


def code_of(choice: TenantChoice, tenant: str | None, *, everyone: bool = False) -> str:
    with pytest.raises(InvalidRequest) as caught:
        choice.some(tenant, everyone=everyone)
    assert caught.value.remedy
    return caught.value.code


def test_a_deployment_of_one_shop_has_its_one_tenant_and_no_choice() -> None:
    assert SINGLE.some(None, everyone=False) == Tenant("default")
    assert (SINGLE.whose(None), SINGLE.named(None)) == ("default", None)
    assert SINGLE.is_among_several is False
    assert code_of(SINGLE, "north") == "tenancy_single"
    assert code_of(SINGLE, "default") == "tenancy_single"
    assert code_of(SINGLE, None, everyone=True) == "tenancy_single"


def test_of_several_tenants_one_or_all_are_named() -> None:
    assert SEVERAL.some("south", everyone=False) == SOUTH
    assert SEVERAL.some(None, everyone=True) is None
    assert SEVERAL.is_among_several is True
    assert code_of(SEVERAL, None) == "tenant_missing"
    assert code_of(SEVERAL, "south", everyone=True) == "tenant_and_all"


def test_the_star_of_all_tenants_names_none_and_the_remedy_says_what_does() -> None:
    with pytest.raises(InvalidRequest) as caught:
        SEVERAL.some("*", everyone=False)

    assert caught.value.code == "invalid_tenant"
    assert str(caught.value).startswith("No tenant has the id *.")
    assert "use --all" in caught.value.remedy
    assert "stands for" not in caught.value.remedy


def test_who_is_not_in_the_directory_is_unknown_and_what_is_no_id_is_not_repeated() -> None:
    assert code_of(SEVERAL, "gone") == "unknown_tenant"
    with pytest.raises(InvalidRequest) as caught:
        SEVERAL.some("segredo é", everyone=False)
    assert caught.value.code == "invalid_tenant"
    assert "segredo" not in str(caught.value)


def test_the_history_of_who_is_gone_can_be_asked_for() -> None:
    assert (SEVERAL.named("gone"), SEVERAL.named(None)) == ("gone", None)
    assert SEVERAL.whose("gone") == "gone"
    with pytest.raises(InvalidRequest) as caught:
        SEVERAL.whose(None)
    assert caught.value.code == "tenant_missing"


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_000, 1_001])
def test_all_tenants_come_in_pages_zone_by_zone_each_once(count: int) -> None:
    names = [f"t{number:04}" for number in range(count)]
    directory = InMemoryTenantDirectory([*map(Tenant, names), SOUTH], ZONE)

    pages = list(pages_of(directory, window_of))

    assert [tenant.id for page in pages for tenant in page] == [*names, "south"]
    assert all(1 <= len(page) <= PAGE_TENANTS_MAX for page in pages)
