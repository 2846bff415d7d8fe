"""Which requests are let in: those of programs, by the names that the server listens on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.http.front_door import Hosts, why_refused
from local_aws.http.identify import identify

LOOPBACK = Hosts("127.0.0.1")
EVERYWHERE = Hosts("0.0.0.0")
BRIDGE = Hosts("172.17.0.1", frozenset({"aws"}))


def ask(host: str, **headers: str) -> dict[str, Any]:
    named = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_HOST": host, **named}


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:4566", "localhost", "localhost:4566", "LOCALHOST:1"),
        *("bucket.localhost:4566", "[::1]:4566", "127.0.0.1.", "127.1.2.3"),
    ],
)
def test_a_server_on_loopback_answers_to_every_name_of_loopback(host: str) -> None:
    assert why_refused(ask(host), LOOPBACK) is None


@pytest.mark.parametrize(
    "host",
    [
        *("", " ", "evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil"),
        *("evil-localhost", "127.0.0.1@evil.example", "127.0.0.1,evil.example", "0.0.0.0"),
        *("127.0.0.1:4566:80", "127.0.0.1:x", "[::1", "[::1]evil.example", "2130706433", "0x7f.1"),
        *("10.0.0.5", "s3.amazonaws.com", "localhost\tevil", "localhost/evil", "aws"),
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    refusal = why_refused(ask(host), LOOPBACK)

    assert refusal is not None
    assert "--host-name" in refusal


@given(st.text(max_size=40))
def test_no_name_but_loopback_s_is_let_in(host: str) -> None:
    name = host.strip().lower().partition(":")[0].removesuffix(".")
    known = name == "localhost" or name.endswith(".localhost") or name.startswith(("127.", "["))
    if not known:
        assert why_refused(ask(host), LOOPBACK) is not None


def test_a_server_on_an_address_answers_to_it_and_to_the_names_that_it_was_given() -> None:
    assert why_refused(ask("172.17.0.1:4566"), BRIDGE) is None
    assert why_refused(ask("AWS:4566"), BRIDGE) is None
    for host in ("localhost", "127.0.0.1", "172.17.0.2", "evil.example"):
        assert why_refused(ask(host), BRIDGE) is not None


def test_a_server_on_every_address_answers_to_addresses_and_to_no_name_of_others() -> None:
    for host in ("10.0.0.5:4566", "localhost:4566", "[fe80::1]:4566"):
        assert why_refused(ask(host), EVERYWHERE) is None
    assert why_refused(ask("evil.example:4566"), EVERYWHERE) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:4566"},
        {"origin": "null"},
        {"origin": ""},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": ""},
    ],
)
def test_what_a_page_sends_is_refused_whoever_served_it(headers: dict[str, str]) -> None:
    refusal = why_refused(ask("127.0.0.1:4566", **headers), LOOPBACK)

    assert refusal is not None
    assert "web page" in refusal


def test_an_address_that_a_person_typed_is_let_in() -> None:
    assert why_refused(ask("127.0.0.1", sec_fetch_site="none"), LOOPBACK) is None


@pytest.mark.parametrize(
    "path",
    [
        *("/moto-api/reset", "/favicon.ico", "/latest/meta-data/iam/", "/latest/api/token"),
        *("/iam_us-east-1/", "/lambda_us-east-1/x", "/_x/"),
    ],
)
def test_the_paths_of_moto_itself_are_no_calls_of_s3(path: str) -> None:
    request = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": ""}

    assert identify(request).service == "moto-api"


def test_a_link_is_no_action() -> None:
    credential = "X-Amz-Credential=a/20261129/us-east-1/iam/aws4_request"
    request = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "QUERY_STRING": f"Action=DeleteRole&RoleName=r&{credential}",
    }

    assert identify(request).operation is None
