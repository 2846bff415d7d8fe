"""Whatever a caller sends is read within bounds, or refused with a problem; nothing is raised."""

import base64
import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.api.answers import Nothing, PageAsk
from thriftline.api.paging import next_token, start_of
from thriftline.api.problems import Problem
from thriftline.api.requests import (
    LARGEST_BODY,
    Call,
    body_of,
    idempotency_key,
    path_parameters,
    query_of,
    raw_body,
)
from thriftline.api.schemas.run_orders import RunAsk
from thriftline.api.schemas.uploads import UploadsAsk
from thriftline.core.errors import InvalidStackParameterError
from thriftline.core.project_members import Members

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
FILTERS = st.dictionaries(st.sampled_from(["project", "status"]), st.none() | st.text(max_size=20))
KEYS = st.fixed_dictionaries({"opened_at": st.text(min_size=1), "run_id": st.text(min_size=1)})
NOW = datetime(2026, 11, 30, tzinfo=UTC)
NAMES = ("opened_at", "run_id")


def outcome(read: Callable[[], Any]) -> Any:
    """Returns what was read, or the problem."""
    try:
        return read()
    except Problem as problem:
        return problem


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        body_of(RunAsk, body)
    return caught.value


@given(st.binary(max_size=200))
def test_any_bytes_are_a_body_or_a_problem(raw: bytes) -> None:
    for model in (RunAsk, UploadsAsk, Nothing):
        found = outcome(functools.partial(body_of, model, raw))
        assert isinstance(found, model) or found.status in (400, 422)


@given(JSON)
def test_any_json_is_a_body_or_a_problem(document: Any) -> None:
    found = outcome(lambda: body_of(UploadsAsk, json.dumps(document).encode()))
    assert isinstance(found, UploadsAsk) or found.status in (400, 422)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 50 + b"1" + b"}" * 50, "nested too deeply"),
        (b'{"project": NaN}', "NaN"),
        (b'{"project": -Infinity}', "Infinity"),
        (b'{"key": 1' + b"0" * 10_000 + b"}", "too long"),
        (b'{"key": 1.' + b"0" * 100 + b"}", "too long"),
        (b'{"key": 1e999}', "too large"),
        (b'{"key": "a", "key": "b"}', "'key' twice"),
        (b"[]", "must be a JSON object"),
        (b'{"key": }', "line 1, column 9"),
        (b'{"key": "\xff"}', "not UTF-8"),
    ],
)
def test_json_that_is_none_is_refused_with_what_is_wrong(body: bytes, said: str) -> None:
    problem = refusal(body)
    assert problem.status == 400
    assert said in problem.detail


@pytest.mark.parametrize(
    "body", [rb'{"a": "\ud800"}', rb'{"\udfff": 1}', rb'{"a": [{"b": "x\ud83d"}]}']
)
def test_half_a_character_is_no_text(body: bytes) -> None:
    problem = refusal(body)
    assert (problem.status, "surrogate" in problem.detail) == (400, True)


def test_who_is_recorded_has_room_and_keeps_the_name() -> None:
    long = Call(f"arn:aws:iam::123456789012:user/{'x' * 512}/ann", NOW, "GET", "/", {}, "t")
    assert len(long.by) == 200
    assert long.by.startswith("arn:aws:iam::123456789012:user/")
    assert long.by.endswith("/ann")
    assert Call(long.caller[:60], NOW, "GET", "/", {}, "t").by == long.caller[:60]


@pytest.mark.parametrize("value", ["\ud800", "\U0001f600" * 300, ""])
def test_a_token_of_what_can_be_no_key_is_refused(value: str) -> None:
    token = next_token({"run_id": value}, {"of": "runs"})
    with pytest.raises(Problem, match="another list"):
        start_of(token, {"of": "runs"}, ("run_id",))


def test_a_body_has_an_end() -> None:
    assert refusal(b" " * (LARGEST_BODY + 1)).status == 413


def test_an_unknown_name_is_shown_without_what_does_not_print() -> None:
    problem = refusal(json.dumps({"\x1b[31mred" + "x" * 100: 1}).encode())
    assert problem.status == 422
    shown = problem.faults[-1].pointer
    assert "\x1b" not in shown
    assert len(shown) < 80


@given(st.text(max_size=200))
def test_a_parameter_of_the_path_is_an_id_or_a_problem(text: str) -> None:
    found = outcome(lambda: path_parameters({"id": text}, ("id",))["id"])
    if isinstance(found, Problem):
        assert found.status == 400
        return
    assert found.isascii()
    assert set(found) - set(".") != set()
    assert "/" not in found
    assert len(found) <= 128


@pytest.mark.parametrize("text", ["a%2fb", "%2e%2e", "..", ".", "", "a b", "a%00", "%252e", "ä"])
def test_an_id_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        path_parameters({"id": text}, ("id",))


def test_an_encoded_id_is_decoded_once() -> None:
    assert path_parameters({"id": "reviews%2D1"}, ("id",)) == {"id": "reviews-1"}


@given(KEYS, FILTERS)
def test_a_token_comes_back_as_the_key_it_was_made_of(
    key: dict[str, str], filters: dict[str, str | None]
) -> None:
    token = next_token(key, filters)
    assert token is not None
    assert token.replace("-", "").replace("_", "").isalnum()
    assert start_of(token, filters, NAMES) == key


@given(KEYS, FILTERS, FILTERS)
def test_a_token_is_of_its_list_alone(
    key: dict[str, str], one: dict[str, str | None], other: dict[str, str | None]
) -> None:
    token = next_token(key, one)
    if {k: v for k, v in one.items() if v is not None} == {
        k: v for k, v in other.items() if v is not None
    }:
        assert start_of(token, other, NAMES) == key
    else:
        with pytest.raises(Problem):
            start_of(token, other, NAMES)
    with pytest.raises(Problem):
        start_of(token, one, ("page",))


@given(st.text(max_size=300) | JSON.map(lambda one: _encoded(json.dumps(one))))
def test_a_made_up_token_is_a_problem(token: str) -> None:
    with pytest.raises(Problem) as caught:
        start_of(token, {}, NAMES)
    assert caught.value.status == 400


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.dictionaries(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3)))
def test_any_query_is_read_or_a_problem(query: dict[str, list[str]]) -> None:
    found = outcome(lambda: query_of(PageAsk, query))
    if isinstance(found, Problem):
        assert found.status == 400
        assert found.faults
    else:
        assert 1 <= found.limit <= 100


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1e2", "x", "", "9" * 5000])
def test_a_page_has_bounds(limit: str) -> None:
    with pytest.raises(Problem) as caught:
        query_of(PageAsk, {"limit": [limit]})
    assert caught.value.faults[0].pointer == "query:limit"


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "é", "a\n"])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Problem):
        idempotency_key({"idempotency-key": key})


@given(st.text(max_size=50))
def test_a_body_of_base64_is_read_or_a_problem(text: str) -> None:
    found = outcome(lambda: raw_body({"body": text, "isBase64Encoded": True}))
    assert isinstance(found, bytes) or found.status == 400


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_pattern_of_members_matches_itself_and_what_stands_for_its_star(
    prefix: str, anything: str
) -> None:
    prefix = prefix.replace("*", "")
    members = Members({"reviews": (f"{prefix}*",)})
    assert members.may("reviews", prefix + anything)
    assert members.may("reviews", anything) == anything.startswith(prefix)
    assert members.may("tickets", anything)


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', '{"a": [1]}', "{"])
def test_members_that_are_none_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidStackParameterError, match=r"ProjectMembers.*It looks like"):
        Members.read(text)
