"""What /invocations takes, refuses and gives."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_image.serving_requests import (
    JSON,
    LINES,
    MAX_ROWS,
    RequestError,
    Text,
    answer,
    parse,
    render,
    request_type,
    response_type,
)

ANSWERS = [{"label": "a"}, {"label": "b"}]


def read(value: Any, text_pair: bool | None = None) -> tuple[Text, ...]:
    return parse(json.dumps(value).encode(), JSON, text_pair).texts


def refusal(body: bytes | Any, media_type: str = JSON, text_pair: bool | None = None) -> str:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RequestError) as error:
        parse(body, media_type, text_pair)
    assert error.value.status == 400
    return str(error.value)


def test_one_text_is_answered_by_one_object() -> None:
    invocation = parse(b'{"text": "a film"}', JSON, None)
    assert invocation.texts == (Text("a film"),)
    assert json.loads(render(invocation, ANSWERS[:1], JSON)) == {"label": "a"}


def test_inputs_are_answered_by_a_list_as_hugging_faces_containers_do() -> None:
    one = parse(b'{"inputs": "a film"}', JSON, None)
    two = parse(b'{"inputs": ["a film", {"text": "b", "text_pair": "c"}]}', JSON, None)
    assert one.texts == (Text("a film"),)
    assert two.texts == (Text("a film"), Text("b", "c"))
    assert json.loads(render(one, ANSWERS[:1], JSON)) == [{"label": "a"}]
    assert json.loads(render(two, ANSWERS, JSON)) == ANSWERS


def test_instances_are_answered_by_predictions() -> None:
    invocation = parse(b'{"instances": [{"text": "a"}, "b"]}', JSON, None)
    assert invocation.texts == (Text("a"), Text("b"))
    assert json.loads(render(invocation, ANSWERS, JSON)) == {"predictions": ANSWERS}


def test_lines_are_answered_by_lines() -> None:
    body = b'{"text": "a"}\r\n\n{"text": "b", "text_pair": "c", "probabilities": true}'
    invocation = parse(body, LINES[0], None)
    assert invocation.texts == (Text("a"), Text("b", "c"))
    assert invocation.detailed == (False, True)
    assert render(invocation, ANSWERS, LINES[0]) == b'{"label": "a"}\n{"label": "b"}\n'
    assert json.loads(render(invocation, ANSWERS, JSON)) == {"predictions": ANSWERS}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{", "The body is not JSON in UTF-8: Expecting property name"),
        (b'{"text": "\xff"}', "The body is not JSON in UTF-8: 'utf-8' codec"),
        (b"", "The body is not JSON"),
        (b"[" * 100_000, "The body is nested too deeply"),
        (b'{"text": 1' + b"0" * 5000 + b"}", "The body is not JSON in UTF-8: Exceeds the limit"),
        (["a"], 'The body must be a JSON object, such as {"text": "…"}; it is a list.'),
        ({}, "The body must have text, inputs or instances, and has none of them."),
        ({"text": "a", "inputs": "b"}, "instances, and has text and inputs."),
        ({"text": 5}, "the body: text must be a string; it is a number."),
        ({"text": None}, "the body: text must be a string; it is missing or null."),
        ({"text": " \n\t "}, "the body: text is blank; send a text with letters in it."),
        ({"text": "a", "text_pair": ""}, "the body: text_pair is blank"),
        ({"text": "a", "text_piar": "b"}, "'text_piar' is not a known field; did you mean text_pa"),
        ({"text": "a", "colour": 1}, "known are text, text_pair, probabilities."),
        ({"inputs": "a", "parameters": {}}, "the body: 'parameters' is not a known field"),
        ({"text": "a", "probabilities": 1}, "probabilities must be true or false; it is a number."),
        ({"inputs": []}, "inputs must be a list with a text or more; it is an empty list."),
        ({"instances": "a"}, "instances must be a list with a text or more; it is a string."),
        ({"inputs": ["a", 7]}, 'inputs[1] must be a text or {"text": …}; it is a number.'),
        ({"inputs": ["a", "b", " "]}, "inputs[2]: text is blank"),
        ({"instances": [{"text": "a"}, {"txt": "b"}]}, "instances[1]: 'txt' is not a known field"),
        ({"instances": [{}]}, "instances[0]: text must be a string; it is missing or null."),
        ({"text": "a\ud800"}, "text has half of a surrogate pair at 1; send whole ones."),
    ],
)
def test_a_bad_body_is_refused_with_place_rule_and_mend(body: Any, sentence: str) -> None:
    assert sentence in refusal(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"text": "a"}\n{"text": }', "Line 2 is not JSON"),
        (b'\n{"text": "a"}\n\n"b"\n', "Line 4 must be a JSON object"),
        (b'{"text": "a"}\n{"text": "a", "label": "b"}', "line 2: 'label' is not a known field"),
        (b'{"text": " "}', "line 1: text is blank"),
        (b"\n \n", "The body has no records; send one JSON object a line."),
    ],
)
def test_a_bad_line_is_named_by_its_number(body: bytes, sentence: str) -> None:
    assert sentence in refusal(body, LINES[1])


def test_more_texts_than_are_allowed_are_refused() -> None:
    texts = ["a"] * (MAX_ROWS + 1)
    lines = b'{"text": "a"}\n' * (MAX_ROWS + 1)
    assert len(read({"inputs": texts[1:]})) == MAX_ROWS
    for body, media_type in ((json.dumps({"inputs": texts}).encode(), JSON), (lines, LINES[0])):
        with pytest.raises(RequestError, match="more than 1,000 texts; send them in sev") as error:
            parse(body, media_type, None)
        assert error.value.status == 413


def test_a_pair_is_refused_by_a_model_of_single_texts_and_the_reverse() -> None:
    pair = {"text": "a", "text_pair": "b"}
    assert "reads one text; leave it out" in refusal(pair, text_pair=False)
    assert "text_pair is missing" in refusal({"inputs": ["a"]}, text_pair=True)
    assert read(pair, text_pair=True) == read(pair, text_pair=None) == (Text("a", "b"),)
    assert read({"text": "a"}, text_pair=False) == (Text("a"),)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, JSON),
        ("application/json", JSON),
        ('Application/JSON; charset="UTF-8"', JSON),
        ("application/jsonlines", LINES[0]),
        ("application/x-ndjson", LINES[1]),
    ],
)
def test_the_content_type_is_understood(header: str | None, expected: str) -> None:
    assert request_type(header) == expected


@pytest.mark.parametrize("header", ["text/csv", "json", "application/json; charset=latin-1"])
def test_another_content_type_is_refused(header: str) -> None:
    with pytest.raises(RequestError, match=r"send (application/json|UTF-8)") as error:
        request_type(header)
    assert error.value.status == 415


@pytest.mark.parametrize(
    ("accept", "asked_in", "expected"),
    [
        (None, LINES[0], LINES[0]),
        ("*/*", JSON, JSON),
        ("application/*", LINES[1], LINES[1]),
        ("application/jsonlines", JSON, LINES[0]),
        ("application/json;q=0.5, application/x-ndjson", JSON, LINES[1]),
        ("text/html, application/json;q=0.1", LINES[0], JSON),
        ("application/json;q=0, */*;q=0.1", JSON, LINES[0]),
    ],
)
def test_the_client_gets_what_it_likes_best(
    accept: str | None, asked_in: str, expected: str
) -> None:
    assert response_type(accept, asked_in) == expected


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", "application/json;q=x"])
def test_an_answer_that_cannot_be_given_is_refused(accept: str) -> None:
    with pytest.raises(RequestError) as error:
        response_type(accept, JSON)
    assert error.value.status == 406


def test_the_answer_of_one_label_is_the_most_probable() -> None:
    said = answer("abc", (0.2, 0.5, 0.3), multi_label=False, detailed=False, truncated=True)
    assert said == {"label": "b", "score": 0.5, "truncated": True}
    said = answer("ab", (0.2, 0.8), multi_label=False, detailed=True, truncated=False)
    assert said["probabilities"] == {"a": 0.2, "b": 0.8}


def test_the_answer_of_several_labels_is_those_of_a_half_or_more() -> None:
    said = answer("abc", (0.5, 0.49, 0.9), multi_label=True, detailed=False, truncated=False)
    assert said == {
        "labels": ["a", "c"],
        "probabilities": {"a": 0.5, "b": 0.49, "c": 0.9},
        "truncated": False,
    }


KEYS = ["text", "text_pair", "inputs", "instances", "probabilities"]
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(KEYS), inner),
    max_leaves=8,
)


def parsed_or_refused(body: bytes) -> None:
    for media_type in (JSON, *LINES):
        status = 200
        try:
            invocation = parse(body, media_type, None)
        except RequestError as error:
            status = error.status
        else:
            assert all(text.text.strip() for text in invocation.texts)
            assert len(invocation.detailed) == len(invocation.texts) > 0
        assert status in {200, 400}


@given(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values)
def test_any_json_is_parsed_or_refused_as_bad(value: Any) -> None:
    parsed_or_refused(json.dumps(value).encode())


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused_as_bad(body: bytes) -> None:
    parsed_or_refused(body)
