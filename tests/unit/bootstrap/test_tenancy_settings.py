"""Who the tenants are is said once, and fits together."""

from pathlib import Path

import pytest

from aegis_batch.bootstrap.loading import examine_settings, load_settings
from aegis_batch.bootstrap.tenancy_types import Tenancy
from aegis_batch.domain.errors import InvalidRequest
from aegis_batch.domain.tenant import Tenant

MULTI = {"AEGIS_TENANCY": "multi", "AEGIS_ORDERS_TENANT": "shop"}


@pytest.fixture(autouse=True)
def _plain_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(**environ: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        load_settings(environ)
    return caught.value.message


def test_a_deployment_is_for_one_shop_unless_it_says_otherwise() -> None:
    settings = load_settings({})

    assert settings.tenancy is Tenancy.SINGLE
    assert (settings.orders_tenant, settings.tenants, settings.tenants_table) == (None, (), None)


def test_tenants_are_listed_with_or_without_a_zone() -> None:
    listed = "north, south=America/Manaus ,a=b=Asia/Tokyo,"

    settings = load_settings({**MULTI, "AEGIS_TENANTS": listed})

    assert settings.tenants == (
        Tenant("north"),
        Tenant("south", "America/Manaus"),
        Tenant("a=b", "Asia/Tokyo"),
    )


@pytest.mark.parametrize(
    ("listed", "fault"),
    [
        ("a,a=Asia/Tokyo", "names a tenant twice"),
        ("a,*", "holds what is no tenant's id"),
        ("=Asia/Tokyo", "holds what is no tenant's id"),
        ("segredo-é", "holds what is no tenant's id"),
        ("a=Mars/Olympus", "names a zone that is no IANA time zone"),
        ("a=", "names a zone that is no IANA time zone"),
        (" , ", "names nobody"),
    ],
)
def test_a_list_that_is_unfit_is_refused_without_a_word_of_it(listed: str, fault: str) -> None:
    told = refusal(**MULTI, AEGIS_TENANTS=listed)

    assert f"AEGIS_TENANTS: {fault}" in told
    assert "segredo" not in told
    assert "Olympus" not in told


def test_a_table_has_columns_of_usual_names_and_may_do_without_most() -> None:
    settings = load_settings(
        {**MULTI, "AEGIS_TENANTS_TABLE": "crm.shops", "AEGIS_TENANTS_ACTIVE": ""}
    )

    assert settings.tenants_table == "crm.shops"
    assert (settings.tenants_id, settings.tenants_active) == ("id", None)
    assert (settings.tenants_zone, settings.tenants_queue) == (None, None)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AEGIS_ORDERS_TENANT", "shop"),
        ("AEGIS_TENANTS", "a,b"),
        ("AEGIS_TENANTS_TABLE", "shops"),
        ("AEGIS_TENANTS_ID", "key"),
        ("AEGIS_TENANTS_ACTIVE", "open"),
        ("AEGIS_TENANTS_ZONE", "zone"),
        ("AEGIS_TENANTS_QUEUE", "queue"),
        ("AEGIS_TENANTS_CLOSES_FROM", "since"),
    ],
)
def test_one_shop_has_no_tenants(variable: str, value: str) -> None:
    told = refusal(**{variable: value})

    assert f"{variable}: has no meaning where AEGIS_TENANCY is single" in told


def test_several_tenants_need_a_column_that_says_whose_an_order_is() -> None:
    assert "AEGIS_ORDERS_TENANT: is not set" in refusal(AEGIS_TENANCY="multi")


def test_tenants_stand_in_a_list_or_in_a_table() -> None:
    told = refusal(**MULTI, AEGIS_TENANTS="a", AEGIS_TENANTS_TABLE="shops")

    assert "AEGIS_TENANTS: is set, and AEGIS_TENANTS_TABLE too" in told


def test_columns_need_their_table() -> None:
    told = refusal(**MULTI, AEGIS_TENANTS_ZONE="zone")

    assert "AEGIS_TENANTS_ZONE: names a column, but AEGIS_TENANTS_TABLE names no table" in told


def test_in_memory_tenants_are_listed() -> None:
    memory = {"AEGIS_TENANCY": "multi", "AEGIS_ADAPTERS": "memory", "AEGIS_MEMORY_ORDERS": "o.json"}

    assert load_settings({**memory, "AEGIS_TENANTS": "a"}).tenants == (Tenant("a"),)
    told = refusal(**memory, AEGIS_TENANTS_TABLE="shops")
    assert "AEGIS_TENANTS: is not set" in told
    assert "AEGIS_TENANTS_TABLE: names a table" in told


def test_of_what_is_unfit_by_itself_nothing_more_is_said() -> None:
    examined = examine_settings({"AEGIS_TENANCY": "many", "AEGIS_TENANTS": "a"})

    assert [variable for variable, _ in examined.faults] == ["AEGIS_TENANCY"]


def test_a_table_of_reports_that_names_no_tenant_is_no_source_for_several() -> None:
    told = refusal(**MULTI, AEGIS_REPORT_STATUS="table")

    assert "AEGIS_REPORT_STATUS: must not be table where AEGIS_TENANCY is multi" in told
