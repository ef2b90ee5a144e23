"""The revisions of the schema of reports: what made each, for good."""

from typing import Final

__all__ = ["HEAD", "MIGRATIONS"]

_REPORTS: Final = """
CREATE TABLE reports (
    tenant text NOT NULL,
    period_kind text NOT NULL,
    first_day date NOT NULL,
    revision integer NOT NULL CONSTRAINT reports_revision_check CHECK (revision >= 1),
    is_current boolean NOT NULL,
    total_orders bigint NOT NULL,
    total_revenue numeric NOT NULL,
    body text NOT NULL,
    digest text NOT NULL,
    run_id text NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT reports_pkey PRIMARY KEY (tenant, period_kind, first_day, revision)
)"""
# The server itself sees to it that of all revisions of a report one counts.
_CURRENT: Final = """
CREATE UNIQUE INDEX reports_current ON reports (tenant, period_kind, first_day) WHERE is_current"""
_ITEMS: Final = """
CREATE TABLE report_items (
    tenant text NOT NULL,
    period_kind text NOT NULL,
    first_day date NOT NULL,
    revision integer NOT NULL,
    rank integer NOT NULL,
    name text NOT NULL,
    quantity numeric NOT NULL,
    CONSTRAINT report_items_pkey PRIMARY KEY (tenant, period_kind, first_day, revision, rank),
    CONSTRAINT report_items_report_fkey FOREIGN KEY (tenant, period_kind, first_day, revision)
        REFERENCES reports (tenant, period_kind, first_day, revision)
)"""
_VERSION: Final = "CREATE TABLE aegis_reports_schema (version_num text NOT NULL)"
_FIRST: Final = "INSERT INTO aegis_reports_schema VALUES ('none')"

_ITEM_DIGEST: Final = "ALTER TABLE report_items ADD COLUMN digest text"
# For rows from before, as they are now; the program takes it in the same way.
_DIGEST_ITEMS: Final = """
UPDATE report_items AS item
   SET digest = 'sha256:' || encode(sha256(convert_to(concat_ws(chr(10),
           item.tenant, item.period_kind, to_char(item.first_day, 'YYYY-MM-DD'), item.revision,
           report.digest, item.rank, trim_scale(item.quantity), item.name), 'UTF8')), 'hex')
  FROM reports AS report
 WHERE (report.tenant, report.period_kind, report.first_day, report.revision)
       = (item.tenant, item.period_kind, item.first_day, item.revision)"""
_ITEM_DIGEST_NEEDED: Final = "ALTER TABLE report_items ALTER COLUMN digest SET NOT NULL"

# Oldest first; one that has been released is never changed.
MIGRATIONS: Final[dict[str, tuple[str, ...]]] = {
    "0001": (_VERSION, _FIRST, _REPORTS, _CURRENT, _ITEMS),
    "0002": (_ITEM_DIGEST, _DIGEST_ITEMS, _ITEM_DIGEST_NEEDED),
}
HEAD: Final = next(reversed(MIGRATIONS))
