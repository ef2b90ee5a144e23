"""Checks of the role's rights: what it may beyond reading, and the SQL that takes it away."""

from collections.abc import Iterator, Sequence

from aegis_batch.application.ports.orders_inspector import Elsewhere, Grant, RoleRights
from aegis_batch.domain.checkup import Check
from aegis_batch.domain.identifiers import quoted

__all__ = ["rights_checks"]

_NAME = "role.rights"
_READER = "aegis_reader"
_WRITING = {
    "TABLE": "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER",
    "SEQUENCE": "USAGE, UPDATE",
}
_OTHERS_NEED = "As its owner; roles that rely on it then need a GRANT of their own:"


def rights_checks(rights: RoleRights) -> Iterator[Check]:
    """Tell what the role may do that a reader need not; each remedy is SQL for an owner to run."""
    role = rights.role
    own_grants = [grant for grant in rights.grants if grant.grantee is not None]
    own_elsewhere = [found for found in rights.elsewhere if found.grantee is not None]
    if rights.owned or rights.attributes:
        # Others administer with such a role: nothing is to be taken from it.
        yield Check.warn(
            _NAME,
            f"The role {role} is more than a reader: {_powers(rights, own_grants, own_elsewhere)}."
            " Whoever gets at it may the same.",
            _new_role(rights),
        )
    else:
        yield from _row_security_checks(rights)
        for grant in own_grants:
            yield _grant_check(role, grant)
        if own_elsewhere:
            yield _elsewhere_check(role, own_elsewhere)
        for membership in rights.memberships:
            yield Check.warn(
                _NAME,
                f"The role {role} is a member of {membership}, by which it may more than read.",
                "As an administrator, so that it keeps what it needs:\n"
                + "\n".join(_reading(rights, quoted(role)))
                + f"\nREVOKE {membership} FROM {quoted(role)};",
            )
    of_all = [found for found in rights.elsewhere if found.grantee is None]
    for grant in rights.grants:
        if grant.grantee is None:
            yield _grant_check(role, grant)
    if of_all:
        yield _elsewhere_check(role, of_all)
    if not (
        rights.owned or rights.attributes or rights.grants or rights.elsewhere or rights.memberships
    ):
        yield Check.ok(
            _NAME,
            f"The role {role} has no right to change {' and '.join(rights.tables)}, or any other"
            " table.",
        )


def _powers(rights: RoleRights, grants: Sequence[Grant], elsewhere: Sequence[Elsewhere]) -> str:
    """Return all that a role may do beyond reading, as one phrase; a superuser's is short."""
    if "SUPERUSER" in rights.attributes:
        return "it is a superuser, which may do anything"
    powers = []
    if rights.owned:
        powers.append(f"it owns {', '.join(rights.owned)}, and may change and drop them")
    if rights.attributes:
        powers.append(f"it has {', '.join(rights.attributes)}")
    powers += [f"it is a member of {membership}" for membership in rights.memberships]
    powers += [f"it may {', '.join(grant.privileges)} on {grant.target}" for grant in grants]
    if elsewhere:
        powers.append(f"it may write to {_counted(elsewhere)}")
    return "; ".join(powers)


def _row_security_checks(rights: RoleRights) -> Iterator[Check]:
    if rights.row_secured:
        yield Check.warn(
            "role.row_security",
            f"Row security hides rows of {', '.join(rights.row_secured)} from the role"
            f" {rights.role}, or may: a report would lack them.",
            "As the owner of the table, and without any restrictive policy on it:\n"
            + "\n".join(_policies(rights, quoted(rights.role))),
        )


def _grant_check(role: str, grant: Grant) -> Check:
    privileges = ", ".join(grant.privileges)
    if grant.grantee is None:
        return Check.warn(
            _NAME,
            f"The role {role}, as every role, may {privileges} on {grant.target}.",
            f"{_OTHERS_NEED}\nREVOKE {privileges} ON {grant.target} FROM PUBLIC;",
        )
    return Check.warn(
        _NAME,
        f"The role {role} may {privileges} on {grant.target}.",
        f"As its owner:\nREVOKE {privileges} ON {grant.target} FROM {grant.grantee};",
    )


def _elsewhere_check(role: str, elsewhere: Sequence[Elsewhere]) -> Check:
    """Tell once of all that one grantee may change and no close reads."""
    grantee = elsewhere[0].grantee
    sql = "\n".join(
        f"REVOKE {_WRITING[found.kind]} ON ALL {found.kind}S IN SCHEMA {found.schema}"
        f" FROM {grantee or 'PUBLIC'};"
        for found in elsewhere
    )
    who = f"{role}, as every role," if grantee is None else role
    return Check.warn(
        _NAME,
        f"The role {who} may write to {_counted(elsewhere)}.",
        f"{_OTHERS_NEED if grantee is None else 'As their owner:'}\n{sql}",
    )


def _counted(elsewhere: Sequence[Elsewhere]) -> str:
    counts = []
    for kind in _WRITING:
        count = sum(found.count for found in elsewhere if found.kind == kind)
        if count:
            counts.append(f"{count:,} {kind.lower()}{'' if count == 1 else 's'}")
    return f"{' and '.join(counts)} that no close reads, such as {elsewhere[0].example}"


def _new_role(rights: RoleRights) -> str:
    reader = f"{_READER}_2" if rights.role == _READER else _READER
    lines = (
        f"CREATE ROLE {reader} LOGIN;",
        f"GRANT CONNECT ON DATABASE {rights.database} TO {reader};",
        *_reading(rights, reader),
        # Owners and the like see every row, and a reader what row security lets it see.
        *_policies(rights, reader),
        f"-- Give it a password: \\password {reader} in psql.",
    )
    return (
        "Make a role that may only read, as the owner of the tables, and name it in DATABASE_URL:\n"
        + "\n".join(lines)
    )


def _policies(rights: RoleRights, role: str) -> list[str]:
    return [
        f"CREATE POLICY aegis_reads_all ON {table} FOR SELECT TO {role} USING (true);"
        for table in rights.row_secured
    ]


def _reading(rights: RoleRights, role: str) -> list[str]:
    return [
        f"GRANT USAGE ON SCHEMA {', '.join(rights.schemas)} TO {role};",
        f"GRANT SELECT ON TABLE {', '.join(rights.tables)} TO {role};",
    ]
