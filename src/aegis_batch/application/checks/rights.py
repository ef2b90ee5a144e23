"""Checks of the role's rights: what it may beyond reading, and the SQL that takes it away."""

from collections.abc import Iterator

from aegis_batch.application.ports.orders_inspector import Grant, RoleRights
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.identifiers import quoted

__all__ = ["rights_checks"]

_NAME = "role.rights"
_READER = "aegis_reader"


def rights_checks(rights: RoleRights) -> Iterator[Check]:
    """Tell what the role may do that a reader need not; each remedy is SQL for an owner to run."""
    role = rights.role
    tables = " and ".join(rights.tables)
    if "SUPERUSER" in rights.attributes:
        # Everything else follows from it, and from none of it could anything be taken away.
        yield Check.warn(
            _NAME,
            f"The role {role} is a superuser: it may do anything, and so may whoever gets at it.",
            _new_role(rights),
        )
        return
    if rights.owned:
        yield Check.warn(
            _NAME,
            f"The role {role} owns {', '.join(rights.owned)}: it may change and drop them.",
            _new_role(rights),
        )
    if rights.attributes:
        lacking = " ".join(f"NO{attribute}" for attribute in rights.attributes)
        yield Check.warn(
            _NAME,
            f"The role {role} has {', '.join(rights.attributes)}, which reading doesn't need.",
            # What row security hides once it holds would be missing from every report.
            "As an administrator:\n"
            + "".join(f"{policy}\n" for policy in _policies(rights))
            + f"ALTER ROLE {quoted(role)} {lacking};",
        )
    elif rights.row_secured and not rights.owned:
        yield Check.warn(
            "role.row_security",
            f"Row security hides rows of {', '.join(rights.row_secured)} from the role {role}, or"
            " may: a report would lack them.",
            "As the owner of the table, and without any restrictive policy on it:\n"
            + "\n".join(_policies(rights)),
        )
    for grant in rights.grants:
        yield _grant_check(role, grant)
    for membership in rights.memberships:
        yield Check.warn(
            _NAME,
            f"The role {role} is a member of {membership}, by which it may more than read.",
            "As an administrator, so that it keeps what it needs:\n"
            + "\n".join(_reading(rights, quoted(role)))
            + f"\nREVOKE {membership} FROM {quoted(role)};",
        )
    if not (rights.owned or rights.attributes or rights.grants or rights.memberships):
        yield Check.ok(_NAME, f"The role {role} may read {tables}, and change nothing there.")


def _grant_check(role: str, grant: Grant) -> Check:
    privileges = ", ".join(grant.privileges)
    if grant.grantee is None:
        return Check.warn(
            _NAME,
            f"The role {role}, as every role, may {privileges} on {grant.target}.",
            "As its owner; roles that rely on it then need a GRANT of their own:\n"
            f"REVOKE {privileges} ON {grant.target} FROM PUBLIC;",
        )
    return Check.warn(
        _NAME,
        f"The role {role} may {privileges} on {grant.target}.",
        f"As its owner:\nREVOKE {privileges} ON {grant.target} FROM {grant.grantee};",
    )


def _new_role(rights: RoleRights) -> str:
    lines = (
        f"CREATE ROLE {_READER} LOGIN;",
        f"GRANT CONNECT ON DATABASE {rights.database} TO {_READER};",
        *_reading(rights, _READER),
        f"-- Give it a password: \\password {_READER} in psql.",
    )
    return (
        "Make a role that may only read, as the owner of the tables, and name it in DATABASE_URL:\n"
        + "\n".join(lines)
    )


def _policies(rights: RoleRights) -> list[str]:
    to = quoted(rights.role)
    return [
        f"CREATE POLICY aegis_reads_all ON {table} FOR SELECT TO {to} USING (true);"
        for table in rights.row_secured
    ]


def _reading(rights: RoleRights, role: str) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA {', '.join(rights.schemas)} TO {role};",
        f"GRANT SELECT ON TABLE {', '.join(rights.tables)} TO {role};",
    ]
