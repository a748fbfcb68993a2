"""What a page says, read as a person would: its text, and its tables by caption."""

from __future__ import annotations

from html.parser import HTMLParser

UNSEEN = {"script", "style", "title"}


class Page(HTMLParser):
    """``tables``: rows of cells by caption, the head first; ``links``: every address, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.links: list[str] = []
        self.text = ""
        self._caption = ""
        self._rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {*UNSEEN, "caption", "th", "td", "small"}:
            self._inside.append(tag)
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag == "table":
            self._caption, self._rows = "", []
        if tag == "tr":
            self._rows.append([])
        if tag in ("th", "td"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        if tag == "table":
            rows = [[" ".join(cell.split()) for cell in row] for row in self._rows]
            self.tables[" ".join(self._caption.split())] = rows

    def handle_data(self, data: str) -> None:
        here = self._inside[-1] if self._inside else ""
        if here in UNSEEN:
            return
        self.text += data
        if here == "caption":
            self._caption += data
        elif {"th", "td"} & set(self._inside):
            self._rows[-1][-1] += data

    def table(self, caption: str) -> list[list[str]]:
        """The rows below the head of a table."""
        return self.tables[caption][1:]
