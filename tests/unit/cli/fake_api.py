"""A stack's API in memory: what was asked of it, and what it answers."""

import io
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.cli.streams import Lines
from thriftline_cli.context import Context
from thriftline_cli.options import parsed
from thriftline_cli.running import run

HOST = "http://127.0.0.1:4566"
BASE = "/_aws/execute-api/a1b2c3/v1"
API_URL = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/v1"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """Of HTTP."""

    status: int
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    headers: Mapping[str, str]


def problem(status: int, detail: str, *errors: tuple[str, str]) -> Answer:
    document: dict[str, Any] = {"type": "about:blank", "status": status, "detail": detail}
    if errors:
        document["errors"] = [{"pointer": a, "detail": b} for a, b in errors]
    return Answer(status, json.dumps(document).encode())


@dataclass
class FakeApi:
    """Routes by ``METHOD /path``: a document, an answer, a list of such, or a function."""

    routes: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=lambda: {"ApiUrl": API_URL})
    asked: list[Asked] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    out: str = ""
    typed: str = ""
    is_terminal: bool = False
    environ: dict[str, str] = field(default_factory=dict)
    slept: float = 0.0
    spec_refusal: str | None = None

    def command(self, line: str | list[str]) -> int:
        words = shlex.split(line) if isinstance(line, str) else line
        out = Terminal() if self.is_terminal else io.StringIO()
        err: Lines = Lines(self.said)
        err.isatty = lambda: self.is_terminal  # type: ignore[method-assign]
        typed = Terminal(self.typed) if self.is_terminal else io.StringIO(self.typed)
        context = Context(
            parsed(words),
            stdout=out,
            stderr=err,
            stdin=typed,
            environ={"AWS_ENDPOINT_URL": HOST, **self.environ},
            sleep=self.sleep,
            now=lambda: NOW + timedelta(seconds=self.slept),
            token=lambda: "token",
            make_client=self.client,
            make_pool=lambda: self,
            refusal_of=lambda *_: self.spec_refusal,
        )
        try:
            return run(context)
        finally:
            self.out = out.getvalue()

    def client(self, _: str) -> Any:
        """Returns the client of an AWS service."""
        return self

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    @property
    def answer(self) -> Any:
        return json.loads(self.out)

    @property
    def changes(self) -> list[Asked]:
        return [one for one in self.asked if one.method != "GET"]

    def describe_stacks(self, StackName: str) -> Any:
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs}]}

    def request(self, method: str, url: str, body: Any = None, **more: Any) -> Answer:
        parts = urlsplit(url)
        path = parts.path.removeprefix(BASE)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = more.get("headers") or {}
        raw = body.read() if hasattr(body, "read") else body
        is_json = raw and headers.get("Content-Type") == "application/json"
        asked = Asked(method, path, query, json.loads(raw) if is_json else raw, headers)
        self.asked.append(asked)
        return self._answer(asked)

    def _answer(self, asked: Asked) -> Answer:
        found = self.routes.get(f"{asked.method} {asked.path}", problem(404, "It is not there."))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Callable):  # type: ignore[arg-type]
            found = found(asked)
        return found if isinstance(found, Answer) else Answer(200, json.dumps(found).encode())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def page(*items: Any, next_token: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_token": next_token}
