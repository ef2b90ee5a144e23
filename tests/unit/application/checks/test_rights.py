"""What is said of a role's rights, and the SQL that takes away what is too much."""

from dataclasses import replace

from aegis_batch.application.checks.rights import rights_checks
from aegis_batch.application.ports.orders_inspector import Elsewhere, Grant, RoleRights
from aegis_batch.domain.checkup import Check, Verdict

READER = RoleRights("Shop Reader", "shop", ("public",), ("public.orders", "public.order_items"))


def sql_of(check: Check) -> list[str]:
    assert check.verdict is Verdict.WARN
    assert check.remedy is not None
    return check.remedy.splitlines()[1:]


def test_a_role_that_only_reads_is_fine() -> None:
    [check] = rights_checks(READER)

    assert check == Check.ok(
        "role.rights",
        "The role Shop Reader has no right to change public.orders and public.order_items, or any"
        " other table.",
    )


def test_a_superuser_needs_another_role_and_nothing_else_is_said() -> None:
    rights = replace(READER, attributes=("SUPERUSER", "CREATEDB"), owned=("table public.orders",))

    [check] = rights_checks(rights)

    assert sql_of(check) == [
        "CREATE ROLE aegis_reader LOGIN;",
        "GRANT CONNECT ON DATABASE shop TO aegis_reader;",
        "GRANT USAGE ON SCHEMA public TO aegis_reader;",
        "GRANT SELECT ON TABLE public.orders, public.order_items TO aegis_reader;",
        "-- Give it a password: \\password aegis_reader in psql.",
    ]


def test_an_owner_needs_another_role() -> None:
    [check] = rights_checks(replace(READER, owned=("table public.orders", "database shop")))

    assert "owns table public.orders, database shop" in check.message
    assert sql_of(check)[0] == "CREATE ROLE aegis_reader LOGIN;"


def test_from_an_administrator_nothing_is_taken_away() -> None:
    rights = replace(
        READER,
        role="aegis_reader",
        attributes=("BYPASSRLS", "CREATEROLE"),
        owned=("table public.orders",),
        memberships=("neon_superuser",),
        grants=(Grant(("INSERT",), "TABLE public.order_items", "aegis_reader"),),
        elsewhere=(Elsewhere("TABLE", 2, "public.bills", "public", "aegis_reader"),),
    )

    [check] = rights_checks(rights)

    for power in (
        "owns table public.orders",
        "has BYPASSRLS, CREATEROLE",
        "is a member of neon_superuser",
        "may INSERT on TABLE public.order_items",
        "may write to 2 tables that no close reads, such as public.bills",
    ):
        assert power in check.message
    assert sql_of(check)[0] == "CREATE ROLE aegis_reader_2 LOGIN;"
    assert "REVOKE" not in str(check.remedy)
    assert "ALTER" not in str(check.remedy)


def test_what_everybody_may_is_told_of_a_superuser_too() -> None:
    of_all = Grant(("TEMPORARY",), "DATABASE shop", None)

    first, second = rights_checks(replace(READER, attributes=("SUPERUSER",), grants=(of_all,)))

    assert "is a superuser" in first.message
    assert sql_of(second) == ["REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC;"]


def test_what_no_close_reads_is_counted_and_told_once() -> None:
    own, of_all = '"Shop Reader"', None
    rights = replace(
        READER,
        elsewhere=(
            Elsewhere("SEQUENCE", 1, "public.ids", "public", own),
            Elsewhere("TABLE", 2, "crm.people", "crm", own),
            Elsewhere("TABLE", 1200, "public.bills", "public", own),
            Elsewhere("TABLE", 1, "public.notes", "public", of_all),
        ),
    )

    first, second = rights_checks(rights)

    assert first.message == (
        "The role Shop Reader may write to 1,202 tables and 1 sequence that no close reads, such as"
        " public.ids."
    )
    writing = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER"
    assert sql_of(first) == [
        'REVOKE USAGE, UPDATE ON ALL SEQUENCES IN SCHEMA public FROM "Shop Reader";',
        f'REVOKE {writing} ON ALL TABLES IN SCHEMA crm FROM "Shop Reader";',
        f'REVOKE {writing} ON ALL TABLES IN SCHEMA public FROM "Shop Reader";',
    ]
    assert "as every role, may write to 1 table that" in second.message
    assert sql_of(second) == [f"REVOKE {writing} ON ALL TABLES IN SCHEMA public FROM PUBLIC;"]


def test_grants_are_revoked_from_whom_they_were_given_to() -> None:
    own = Grant(("INSERT", "UPDATE (total)"), "TABLE public.orders", '"Shop Reader"')
    of_all = Grant(("CREATE",), "SCHEMA public", None)

    first, second = rights_checks(replace(READER, grants=(own, of_all)))

    assert sql_of(first) == [
        'REVOKE INSERT, UPDATE (total) ON TABLE public.orders FROM "Shop Reader";'
    ]
    assert "as every role" in second.message
    assert sql_of(second) == ["REVOKE CREATE ON SCHEMA public FROM PUBLIC;"]


def test_a_membership_is_revoked_and_reading_kept() -> None:
    [check] = rights_checks(replace(READER, memberships=("writers",)))

    assert sql_of(check) == [
        'GRANT USAGE ON SCHEMA public TO "Shop Reader";',
        'GRANT SELECT ON TABLE public.orders, public.order_items TO "Shop Reader";',
        'REVOKE writers FROM "Shop Reader";',
    ]


POLICY = 'CREATE POLICY aegis_reads_all ON public.orders FOR SELECT TO "Shop Reader" USING (true);'


def test_rows_that_may_be_hidden_need_a_policy() -> None:
    check, fine = rights_checks(replace(READER, row_secured=("public.orders",)))

    assert check.name == "role.row_security"
    assert "a report would lack them" in check.message
    assert sql_of(check) == [POLICY]
    assert (fine.name, fine.verdict) == ("role.rights", Verdict.OK)


def test_rows_stay_visible_to_the_role_that_comes_after_one_that_passes_by_their_security() -> None:
    rights = replace(READER, attributes=("BYPASSRLS",), row_secured=("public.orders",))

    [check] = rights_checks(rights)

    assert POLICY.replace('"Shop Reader"', "aegis_reader") in sql_of(check)


def test_an_owner_sees_every_row() -> None:
    rights = replace(READER, owned=("table public.orders",), row_secured=("public.orders",))

    assert [check.name for check in rights_checks(rights)] == ["role.rights"]
