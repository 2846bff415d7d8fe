"""Reads a page as a person sees it, and checks that its elements are closed in order."""

from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img", "input", "hr"}


class PageReader(HTMLParser):
    """The text and the elements of a whole page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._open: list[str] = []
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self._open):
            self.text.append(data)

    @property
    def names(self) -> set[str]:
        """The names of all elements."""
        return {tag for tag, _ in self.tags}

    @property
    def words(self) -> str:
        """All text, in one line."""
        return " ".join(" ".join(self.text).split())

    def titles_of_cells(self, name: str) -> list[str]:
        """The titles of the cells of a class."""
        return [
            attributes.get("title") or ""
            for tag, attributes in self.tags
            if tag == "td" and attributes.get("class") == name
        ]
