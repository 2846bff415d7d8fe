"""An API that answers what a test wants: good answers, problems, nonsense, late or never."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.browser import sample_answers, sample_audits, sample_endpoints, sample_runs
from thriftline_cli.ui.answers import Answer

Document = dict[str, Any]
PAGE = 50


def page_of(items: list[Document], query: Mapping[str, str]) -> Document:
    """Returns a page of a list, as the API cuts it."""
    start, limit = int(query.get("next_token", "0")), int(query.get("limit", PAGE))
    following = start + limit if start + limit < len(items) else None
    token = None if following is None else str(following)
    return {"items": items[start : start + limit], "unreadable": [], "next_token": token}


@dataclass(frozen=True)
class Asked:
    """A call that came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Document | None


@dataclass
class FakeApi:
    """Keeps what was asked. ``change`` turns every answer; ``late`` has seconds by path."""

    runs: list[Document] = field(default_factory=sample_runs.runs)
    refusals: dict[str, tuple[int, Document | str]] = field(default_factory=dict)
    late: dict[str, float] = field(default_factory=dict)
    change: Callable[[Document], Document] = lambda document: document
    is_empty: bool = False
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Document] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers as the API does."""
        path, _, text = target.partition("?")
        query = {name: values[0] for name, values in parse_qs(text).items()}
        with self._lock:
            given = json.loads(body) if body else None
            self.asked.append(Asked(method, path, query, headers, given))
        time.sleep(self._of(self.late, path) or 0)
        refusal = self._of(self.refusals, f"{method} {path}") or self._of(self.refusals, path)
        if refusal is not None:
            return _written(*refusal)
        if path in self.answers:
            return _written(200, self.change(self.answers[path]))
        if method != "GET":
            return self._changed(path, given or {})
        found = self._read(path, query)
        if found is None:
            return _written(404, _problem(404, "Not found", f"{path} is not there."))
        return _written(200, self.change(found))

    def changes(self) -> list[Asked]:
        """Returns the calls that change something; dry runs do not."""
        dry = [one for one in self.asked if one.body and one.body.get("dry_run")]
        return [one for one in self.asked if one.method != "GET" and one not in dry]

    @staticmethod
    def _of(table: Mapping[str, Any], path: str) -> Any:
        return table.get(path, table.get("*"))

    def _changed(self, path: str, body: Document) -> Answer:
        if body.get("dry_run"):
            return _written(200, sample_endpoints.previewed(path.rpartition("/")[2]))
        return _written(202, {"id": "d-1", "kind": "deployment", "href": "/endpoints/x"})

    def _read(self, path: str, query: Mapping[str, str]) -> Document | None:
        parts = tuple(path.strip("/").split("/"))
        lists = self._lists(parts, query)
        if lists is not None:
            page = page_of([] if self.is_empty else lists, query)
            return {**page, **sample_answers.beside(parts[-1], page["items"])}
        return self._single(parts)

    def _lists(self, parts: tuple[str, ...], query: Mapping[str, str]) -> list[Document] | None:
        match parts:
            case ("runs",):
                names = ("project", "status")
                wanted = {name: query[name] for name in names if name in query}
                return [one for one in self.runs if wanted.items() <= one.items()]
            case ("projects", _, "models"):
                return sample_answers.models()
            case ("endpoints", _, "deployments"):
                return sample_endpoints.deployments()
            case ("endpoints", _, "quality"):
                return sample_endpoints.quality()
            case (name,) if name in _LISTS:
                return _LISTS[name]()
        return None

    def _single(self, parts: tuple[str, ...]) -> Document | None:
        match parts:
            case ("budget",):
                return sample_answers.budget()
            case ("runs", run_id):
                return sample_runs.run_detail(run_id)
            case ("endpoints", name):
                return sample_endpoints.endpoint_detail(name)
            case ("endpoints", _, "experiments", _):
                return sample_endpoints.experiment()
            case ("audits", _):
                return sample_audits.audit_detail()
        return None


_LISTS: dict[str, Callable[[], list[Document]]] = {
    "approvals": sample_answers.approvals,
    "projects": sample_answers.projects,
    "endpoints": sample_endpoints.endpoints,
    "audits": sample_audits.audits,
    "findings": sample_audits.findings,
    "restores": sample_audits.restores,
}


def _problem(status: int, title: str, detail: str) -> Document:
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def _written(status: int, document: Document | str) -> Answer:
    if isinstance(document, str):
        return Answer(status, document.encode(), {"Content-Type": "text/html"})
    kind = "application/json" if status < 400 else "application/problem+json"
    return Answer(status, json.dumps(document).encode(), {"Content-Type": kind})


def refusal(status: int, title: str, detail: str = "") -> tuple[int, Document]:
    """Returns a refusal as a problem document."""
    return status, _problem(status, title, detail)
