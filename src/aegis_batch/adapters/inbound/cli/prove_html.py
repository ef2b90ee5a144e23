"""A proof as one self-contained page, for whoever has to trust the figures and not the program.

Nothing on it comes from elsewhere and nothing runs in it. Whatever came from outside is escaped by
the template; what could hide or turn text around is shown as an escape besides, and the exact
bytes stand there by Base64.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import fill

from jinja2 import Environment, PackageLoader, StrictUndefined

from aegis_batch.adapters.inbound.cli.link_words import (
    doubt_sentence,
    found_sentence,
    link_said,
    report_heading,
)
from aegis_batch.adapters.inbound.cli.moments import Clockface, utc
from aegis_batch.adapters.inbound.cli.proof_words import (
    EVENTS,
    TRIGGERS,
    absence_sentence,
    attempts,
    chain_sentence,
    finding_words,
    headline,
    length_of,
    outcome_words,
    pretty,
    starter,
    totals_text,
    verdict_sentence,
)
from aegis_batch.adapters.inbound.cli.seal_words import grouped, is_merged, origin, revenue_of
from aegis_batch.adapters.inbound.cli.timeline_words import details
from aegis_batch.adapters.inbound.cli.unsealed_words import (
    causes_sentence,
    is_open,
    seal_command,
)
from aegis_batch.application.proving import Proof
from aegis_batch.application.verification_text import found_lines
from aegis_batch.domain import exact
from aegis_batch.domain.calendar import Window
from aegis_batch.domain.printable import printable
from aegis_batch.domain.report_keeper import ReportKeeper
from aegis_batch.domain.seal_link import SealLink, digest_of

__all__ = ["proof_as_html"]

_COLUMNS = 76
# Of Base64 on a page; what is longer is had by --output json alone.
_EMBEDDED_BYTES_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Bytes to be copied from the page and digested; ``base64`` is empty where too long.

    ``digest`` is what was kept of them, and ``taken`` what they have.
    """

    name: str
    digest: str
    taken: str
    base64: str
    size: int

    @classmethod
    def of(cls, name: str, text: str, digest: str) -> "_Embedded":
        raw = text.encode()
        coded = b64encode(raw).decode() if len(raw) <= _EMBEDDED_BYTES_MAX else ""
        kept, taken = (each.removeprefix("sha256:") for each in (digest, digest_of(text)))
        return cls(name, kept, taken, fill(coded, _COLUMNS), len(raw))


def proof_as_html(proof: Proof, calendar: Clockface, version: str, keeper: ReportKeeper) -> str:
    """Return the page of a period, with every item and every attempt."""
    environment = Environment(
        loader=PackageLoader("aegis_batch.adapters.inbound.cli"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        utc=lambda moment: "-" if moment is None else utc(moment),
        fine=_fine,
        local=lambda moment: _local(moment, calendar),
        number=exact.canonical,
        attempts=attempts,
        grouped=lambda count: f"{count:,}",
        grouped_number=grouped,
        details=details,
    )
    level, said = headline(proof)
    return environment.get_template("proof.html.j2").render(
        proof=proof,
        link=proof.link,
        record=None if proof.run is None else proof.run.record,
        made=starter(proof),
        absence_said=absence_sentence(proof),
        level=level,
        said=said,
        version=version,
        zone=calendar.name,
        chain_said=chain_sentence(proof),
        keeper=keeper,
        verdict_said=verdict_sentence(proof, keeper),
        found=found_lines(proof.verification),
        was_sent=proof.links.was_sent,
        report_heading=report_heading(proof),
        doubt_said=doubt_sentence(proof),
        found_said=found_sentence(proof, keeper),
        is_open=is_open(proof, calendar),
        causes_said=causes_sentence(proof),
        seal_command=seal_command(proof),
        link_said=link_said,
        outcome_words=outcome_words(keeper),
        trigger_words=TRIGGERS,
        finding_words=finding_words,
        event_words=EVENTS,
        **({} if proof.link is None else _evidence(proof, proof.link, calendar)),
    )


def _evidence(proof: Proof, link: SealLink, calendar: Clockface) -> dict[str, object]:
    sealed, kept = link.sealed, proof.links.kept or link.kept()
    items = sorted(sealed.totals.items.items(), key=lambda item: item[0])
    items.sort(key=lambda item: item[1], reverse=True)
    return {
        "digest": kept.digest,
        "taken": digest_of(kept.content),
        "origin": origin(sealed.seal),
        "is_merged": is_merged(sealed.seal),
        "length": length_of(sealed.seal.window),
        "offsets": _offsets(sealed.seal.window, calendar),
        "revenue": revenue_of(sealed),
        "pretty": "\n".join(printable(line) for line in pretty(sealed.body).splitlines()),
        "items": items,
        "embedded": [
            _Embedded.of("body", sealed.body, sealed.seal.body_digest),
            _Embedded.of("totals", totals_text(proof), sealed.seal.totals_digest),
            _Embedded.of("link", kept.content, kept.digest),
        ],
        "is_plain": printable(sealed.body) == sealed.body,
    }


def _offsets(window: Window, calendar: Clockface) -> str:
    """Return how far the shop's clock was from UTC: at either end, where a change lay between."""
    start, end = (f"{at.astimezone(calendar.zone):%z}" for at in (window.start, window.end))
    if start == end:
        return f"{start} from UTC then"
    return f"{start} from UTC at its start, {end} at its end"


def _shown(value: object) -> object:
    """Return text with everything as an escape that could hide it; lines stay lines."""
    if type(value) is not str:
        return value
    return "\n".join(_lines(value))


def _lines(text: str) -> Iterator[str]:
    return (printable(line) for line in text.split("\n"))


def _fine(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _local(moment: datetime | None, calendar: Clockface) -> str:
    if moment is None:
        return "-"
    return moment.astimezone(calendar.zone).isoformat(" ", "seconds")
