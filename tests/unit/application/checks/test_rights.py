"""What is said of a role's rights, and the SQL that takes away what is too much."""

from dataclasses import replace

from aegis_batch.application.checks.rights import rights_checks
from aegis_batch.application.ports.orders_inspector import Grant, RoleRights
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
        "The role Shop Reader may read public.orders and public.order_items, and change nothing"
        " there.",
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


def test_attributes_are_taken_from_the_role() -> None:
    [check] = rights_checks(replace(READER, attributes=("BYPASSRLS", "CREATEROLE")))

    assert sql_of(check) == ['ALTER ROLE "Shop Reader" NOBYPASSRLS NOCREATEROLE;']


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


def test_rows_stay_visible_to_a_role_that_no_longer_passes_by_their_security() -> None:
    rights = replace(READER, attributes=("BYPASSRLS",), row_secured=("public.orders",))

    [check] = rights_checks(rights)

    assert sql_of(check) == [POLICY, 'ALTER ROLE "Shop Reader" NOBYPASSRLS;']


def test_an_owner_sees_every_row() -> None:
    rights = replace(READER, owned=("table public.orders",), row_secured=("public.orders",))

    assert [check.name for check in rights_checks(rights)] == ["role.rights"]
