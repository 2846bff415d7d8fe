"""Whom the page's local server lets in, and what it sends on. No socket is opened."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from thriftline_cli.ui.answers import DOCUMENT_CSP, Answer, as_json
from thriftline_cli.ui.files import Files, page_folder
from thriftline_cli.ui.guard import Guard
from thriftline_cli.ui.server import HOST, Page
from thriftline_cli.ui.upstream import Upstream

PORT = 4567
BASE = "https://a1b2.execute-api.eu-west-1.amazonaws.com/v1"


class Api:
    """Keeps what was passed on."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, bytes]] = []

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answers that it was called."""
        del headers
        self.calls.append((method, target, body))
        return as_json({})


@pytest.fixture
def page() -> Page:
    return Page(Guard(PORT, "the-token", "the-session"), Files(page_folder()), Api(), {"a": 1})


def headers(page: Page, **more: str) -> dict[str, str]:
    """Returns the headers of the page's own request."""
    guard = page.guard
    own = {"Host": guard.hosts[0], "Cookie": f"{guard.cookie}={guard.session}"}
    return {**own, **{name.replace("_", "-"): value for name, value in more.items()}}


def own_change(page: Page, **more: str) -> dict[str, str]:
    """Returns the headers of the page's own change."""
    return headers(page, Origin=f"http://{HOST}:{PORT}", X_Thriftline="page", **more)


def test_the_address_has_a_token_that_becomes_a_cookie(page: Page) -> None:
    answer = page.answer("GET", "/?token=the-token", {"Host": f"127.0.0.1:{PORT}"}, b"")

    cookie = answer.headers["Set-Cookie"]
    assert answer.status == 200
    assert cookie == "thriftline-4567=the-session; HttpOnly; SameSite=Strict; Path=/"
    assert b"the-token" not in answer.body
    script = page.answer("GET", "/js/doorway.js", headers(page), b"")
    assert b'src="/js/doorway.js"' in answer.body
    assert b"location.hash" in script.body, "the page that the address names is kept"


@pytest.mark.parametrize(
    "target", ["/", "/?token=", "/?token=other", "/js/main.js", "/config.json"]
)
def test_without_cookie_or_token_nothing_is_sent(page: Page, target: str) -> None:
    answer = page.answer("GET", target, {"Host": f"127.0.0.1:{PORT}"}, b"")

    assert answer.status == 403
    assert b"thriftline ui" in answer.body


def test_each_start_has_other_secrets() -> None:
    first, second = Guard(PORT), Guard(PORT)

    assert len({first.token, first.session, second.token, second.session}) == 4
    assert first.token not in repr(first)


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "", None])
def test_another_host_name_is_refused(page: Page, host: str | None) -> None:
    given_headers = headers(page)
    if host is None:
        del given_headers["Host"]
    else:
        given_headers["Host"] = host

    assert page.answer("GET", "/", given_headers, b"").status == 421
    assert page.answer("GET", "/api/runs", given_headers, b"").status == 421


@pytest.mark.parametrize(
    "changed",
    [
        {"Cookie": "thriftline-4567=wrong"},
        {"Cookie": "thriftline-1=the-session"},
        {"Cookie": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"X-Thriftline": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_change_that_is_not_the_pages_own_is_refused(page: Page, changed: dict[str, str]) -> None:
    answer = page.answer("POST", "/api/runs/r-1/stop", {**own_change(page), **changed}, b"{}")

    assert answer.status in (401, 403)
    assert json.loads(answer.body)["detail"]
    assert isinstance(page.api, Api)
    assert page.api.calls == []


def test_the_pages_own_calls_are_passed_on(page: Page) -> None:
    assert page.answer("GET", "/api/runs?limit=50", headers(page), b"").status == 200
    assert page.answer("POST", "/api/audits", own_change(page), b"{}").status == 200

    assert isinstance(page.api, Api)
    assert page.api.calls == [("GET", "/runs?limit=50", b""), ("POST", "/audits", b"{}")]


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/js/../../cli/pyproject.toml",
        "/%2e%2e/README.md",
        "//etc/passwd",
        "/x",
    ],
)
def test_only_the_pages_own_files_are_read(page: Page, path: str) -> None:
    assert page.answer("GET", path, headers(page), b"").status == 404


def test_every_file_of_the_page_is_served_with_its_policy(page: Page) -> None:
    for path in page.files.by_path:
        answer = page.answer("GET", path, headers(page), b"")
        assert answer.status == 200
        assert "script-src 'self'" in answer.all_headers["Content-Security-Policy"]
        assert answer.all_headers["X-Content-Type-Options"] == "nosniff"


def test_files_are_only_read(page: Page) -> None:
    assert page.answer("POST", "/", own_change(page), b"").status == 405


def test_it_listens_on_this_machine_alone() -> None:
    assert HOST == "127.0.0.1"


# ---- What is signed and sent on


class Sender:
    """Keeps prepared requests; answers, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.requests: list[Any] = []

    def __call__(self, request: Any) -> Any:
        """Answers a request."""
        self.requests.append(request)
        if self.failure:
            raise self.failure
        answered = {"Content-Type": "text/html", "Set-Cookie": "a=b", "Location": "/runs/r"}
        return SimpleNamespace(status_code=202, content=b"<p>", headers=answered)


def upstream(send: Sender, credentials: Any = ...) -> Upstream:
    """Returns the API with credentials of a test."""
    found = Credentials("AKIDEXAMPLE", "secret", "session") if credentials is ... else credentials
    return Upstream(BASE, "eu-west-1", lambda: found, send)


def test_a_call_is_signed_for_the_api_with_what_the_page_sends() -> None:
    send = Sender()
    given_headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": "k-1",
        "Cookie": "thriftline-4567=the-session",
        "Origin": "http://127.0.0.1:4567",
    }
    answer = upstream(send).call("POST", "/runs/r-1/stop", given_headers, b'{"why": "x"}')

    (request,) = send.requests
    assert request.url == f"{BASE}/runs/r-1/stop"
    assert "/eu-west-1/execute-api/aws4_request" in request.headers["Authorization"]
    assert request.headers["Idempotency-Key"] == "k-1"
    assert request.body == b'{"why": "x"}'
    assert "Cookie" not in request.headers
    assert "Origin" not in request.headers
    assert (answer.status, answer.csp) == (202, DOCUMENT_CSP)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (EndpointConnectionError(endpoint_url=BASE, error="x"), 502),
        (ReadTimeoutError(endpoint_url=BASE, error="x"), 504),
    ],
)
def test_a_stack_that_is_not_reached_is_a_problem(failure: Exception, status: int) -> None:
    answer = upstream(Sender(failure)).call("GET", "/runs", {}, b"")

    assert answer.status == status
    assert json.loads(answer.body)["status"] == status


def test_no_credentials_are_a_problem_that_says_to_sign_in() -> None:
    send = Sender()
    answer = upstream(send, None).call("GET", "/runs", {}, b"")

    assert answer.status == 401
    assert "AWS credentials" in json.loads(answer.body)["title"]
    assert send.requests == []


class Expired:
    """Credentials of a login that ended."""

    def get_frozen_credentials(self) -> Any:
        """Fails as a provider does."""
        raise RuntimeError("the token of the secret thing has expired")


def test_expired_credentials_are_a_problem_without_their_text() -> None:
    answer = upstream(Sender(), Expired()).call("GET", "/runs", {}, b"")

    assert answer.status == 401
    assert b"RuntimeError" in answer.body
    assert b"secret thing" not in answer.body


@pytest.mark.parametrize(
    "path", ["/..", "/a/../b", "/./a", "//evil.example", "/a b", "/a#b", "/%zz", "/a\\b", "/"]
)
def test_paths_that_no_route_has_are_not_signed(path: str) -> None:
    send = Sender()

    assert upstream(send).call("GET", path, {}, b"").status == 400
    assert send.requests == []


@given(st.text(max_size=40))
def test_whatever_is_asked_only_the_api_is_called(text: str) -> None:
    send = Sender()
    upstream(send).call("GET", f"/{text}", {}, b"")

    assert all(one.url.startswith(f"{BASE}/") for one in send.requests)


def test_the_page_of_a_checkout_is_found() -> None:
    assert page_folder() == Path(__file__).parents[3] / "web"
