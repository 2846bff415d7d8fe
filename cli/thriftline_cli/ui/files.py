"""The page's files: those of the wheel, else those of the checkout that this is installed from."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from thriftline_cli.ui.answers import Answer, sentence

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE.parent / "web", _HERE.parents[2] / "web")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class PageMissingError(Exception):
    """The page's files did not come along."""


def page_folder() -> Path:
    """Returns where the page's files lie.

    Raises:
        PageMissingError: they are nowhere.
    """
    for place in _PLACES:
        if (place / "index.html").is_file():
            return place
    raise PageMissingError(
        "the page's files are missing: install the command line again, with pip install ./cli"
    )


@dataclass(frozen=True)
class Files:
    """The files of a folder by the paths that they are asked by; nothing else is read."""

    folder: Path

    @cached_property
    def by_path(self) -> dict[str, Path]:
        """Every file that may be asked for. What is not in here is not there."""
        found = {
            f"/{one.relative_to(self.folder).as_posix()}": one
            for one in self.folder.rglob("*")
            if one.suffix in _KINDS and one.is_file()
        }
        return {**found, "/": self.folder / "index.html"}

    def answer(self, path: str) -> Answer:
        """Returns a file."""
        file = self.by_path.get(path)
        if file is None:
            return sentence(404, "There is no such file here.")
        return Answer(200, file.read_bytes(), {"Content-Type": _KINDS[file.suffix]})
