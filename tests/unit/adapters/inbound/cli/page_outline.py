"""Reads a page as a browser would: what it says, what it is made of, and what it would fetch."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Outline", "outline_of"]

_VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})
# What browsers close by themselves is written out here, so that nothing is left to guess.
_FETCHES = frozenset({"src", "srcset", "data", "action", "background", "poster"})


@dataclass
class Outline:
    """A page's text by the id of what holds it, its elements, and the addresses in it."""

    text: str = ""
    by_id: dict[str, str] = field(default_factory=dict)
    elements: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.outline = Outline()
        self._open: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        assert len(named) == len(attrs), f"an attribute twice in <{tag}>"
        self.outline.elements.append(tag)
        for name, value in named.items():
            if name in _FETCHES or name == "href":
                self.outline.addresses.append(value or "")
            if name.startswith("on"):
                self.outline.handlers.append(name)
        if tag not in _VOID:
            self._open.append((tag, named.get("id")))

    def handle_endtag(self, tag: str) -> None:
        assert tag not in _VOID
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}>"

    def handle_data(self, data: str) -> None:
        if any(tag == "style" for tag, _ in self._open):
            return
        self.outline.text += data
        for _, known in self._open:
            if known is not None:
                self.outline.by_id[known] = self.outline.by_id.get(known, "") + data

    def finish(self) -> Outline:
        self.close()
        assert self._open == [], "elements are left open"
        return self.outline


def outline_of(page: str) -> Outline:
    """Read a page; fails where its elements are not closed in their order."""
    reader = _Reader()
    reader.feed(page)
    return reader.finish()
