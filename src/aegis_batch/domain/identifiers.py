"""Names of tables, columns and roles as SQL writes them.

Source: PostgreSQL's manual, "Lexical Structure" and appendix C, "SQL Key Words".
"""

import re

__all__ = ["quoted", "quoted_path"]

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Those that can't stand as a name of a column or a table without quotes.
_RESERVED_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization between binary both case
    cast check collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default
    deferrable desc distinct do else end except false fetch for foreign freeze from full grant
    group having ilike in initially inner intersect into is isnull join lateral leading left
    like limit localtime localtimestamp natural not notnull null offset on only or order outer
    overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using
    variadic verbose when where window with
"""
_RESERVED = frozenset(_RESERVED_WORDS.split())


def quoted(name: str) -> str:
    """Return a name as SQL writes it: in double quotes, unless it means the same without."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def quoted_path(*parts: str | None) -> str:
    """Return a name with what it is in, such as a schema's; ``None`` is left out."""
    return ".".join(quoted(part) for part in parts if part is not None)
