import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local_aws.events.event_inputs import render, select, target_input

EVENT: dict[str, Any] = {
    "id": "1",
    "time": "2026-11-21T10:00:00Z",
    "source": "aws.s3",
    "detail-type": "Object Created",
    "detail": {"object": {"key": 'a "b"', "size": 3}, "list": [1, 2]},
}
RULE = "arn:aws:events:us-east-1:123456789012:rule/uploads"


def given_to(target: dict[str, Any]) -> Any:
    return json.loads(target_input(target, EVENT, RULE))


def test_a_target_gets_the_whole_event_unless_it_says_otherwise() -> None:
    assert given_to({}) == EVENT
    assert given_to({"Input": '{"mode": "report"}'}) == {"mode": "report"}
    assert given_to({"InputPath": "$.detail.object"}) == EVENT["detail"]["object"]


def test_a_transformer_puts_values_in_as_json_and_into_texts_as_text() -> None:
    transformer = {
        "InputPathsMap": {
            "key": "$.detail.object.key",
            "size": "$.detail.object.size",
            "object": "$.detail.object",
            "gone": "$.detail.gone",
            "type": "$.detail-type",
        },
        "InputTemplate": """{
            "key": <key>, "size": <size>, "object": <object>, "gone": <gone>,
            "text": "<type> of <key> (<size> bytes) by <aws.events.rule-name>",
            "escaped": "\\"<size>\\"", "unknown": "<nothing>"
        }""",
    }

    assert given_to({"InputTransformer": transformer}) == {
        "key": 'a "b"',
        "size": 3,
        "object": {"key": 'a "b"', "size": 3},
        "gone": None,
        "text": 'Object Created of a "b" (3 bytes) by uploads',
        "escaped": '"3"',
        "unknown": "<nothing>",
    }


def test_a_transformer_can_make_a_plain_text() -> None:
    assert given_to(
        {
            "InputTransformer": {
                "InputPathsMap": {"n": "$.detail.list[1]"},
                "InputTemplate": '"second is <n>"',
            }
        }
    ) == ("second is 2")


def test_a_path_that_finds_nothing_is_none() -> None:
    assert select("$.detail.nothing", EVENT) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(json_values)
def test_any_value_survives_a_template(value: Any) -> None:
    rendered = json.loads(render('{"alone": <v>, "inside": "<<v>>"}', {"v": value}))

    assert rendered["alone"] == value
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    assert rendered["inside"] == f"<{'' if value is None else text}>"
