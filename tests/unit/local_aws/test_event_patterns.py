import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.events.event_patterns import InvalidPatternError, matches, validate

EVENT: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:a", "arn:b"],
    "detail": {
        "bucket": {"name": "data"},
        "object": {"key": "datasets/Reviews/train.csv", "size": 12, "deep": None},
        "flag": True,
        "empty": "",
        "ip": "10.0.0.7",
        "items": [{"kind": "a", "n": 1}, {"kind": "b", "n": 2}],
    },
}


def detail(**fields: Any) -> dict[str, Any]:
    return {"detail": fields}


def key(entry: Any) -> dict[str, Any]:
    return detail(object={"key": [entry]})


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.s3", "aws.ec2"], "detail-type": ["Object Created"]},
        {"resources": ["arn:b"]},
        key({"prefix": "datasets/"}),
        key({"prefix": {"equals-ignore-case": "DATASETS/"}}),
        key({"suffix": ".csv"}),
        key({"suffix": {"equals-ignore-case": ".CSV"}}),
        key({"wildcard": "datasets/*/*.csv"}),
        key({"equals-ignore-case": "DATASETS/reviews/TRAIN.csv"}),
        key({"anything-but": "x"}),
        key({"anything-but": ["x", "y"]}),
        key({"anything-but": {"prefix": "scratch/"}}),
        key({"anything-but": {"prefix": ["scratch/", "tmp/"]}}),
        key({"anything-but": {"suffix": ".txt"}}),
        key({"anything-but": {"wildcard": "*/x/*"}}),
        key({"anything-but": {"equals-ignore-case": ["a"]}}),
        detail(object={"size": [{"numeric": [">", 0, "<=", 12]}]}),
        detail(object={"size": [12]}),
        detail(object={"size": [{"anything-but": [11]}]}),
        detail(object={"deep": [None]}),
        detail(object={"version-id": [{"exists": False}]}),
        detail(nothing={"at-all": [{"exists": False}]}),
        detail(object={"key": [{"exists": True}]}),
        detail(flag=[True]),
        detail(empty=[""]),
        detail(ip=[{"cidr": "10.0.0.0/24"}]),
        detail(items={"kind": ["b"]}),
        {"$or": [{"source": ["nobody"]}, detail(flag=[True])]},
        detail(**{"$or": [{"flag": [False]}, {"empty": [""]}]}),
    ],
    ids=json.dumps,
)
def test_a_pattern_matches_an_event_that_has_what_it_asks(pattern: dict[str, Any]) -> None:
    validate(pattern)

    assert matches(pattern, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": ["aws.ec2"]},
        {"source": ["aws.s3"], "detail-type": ["Object Deleted"]},
        {"resources": ["arn:c"]},
        key({"prefix": "scratch/"}),
        key({"suffix": ".json"}),
        key({"wildcard": "datasets/*.json"}),
        key({"wildcard": "datasets/*/*/*.csv"}),
        key({"anything-but": "datasets/Reviews/train.csv"}),
        key({"anything-but": {"prefix": "datasets/"}}),
        key({"anything-but": {"wildcard": "*.csv"}}),
        detail(object={"size": [{"numeric": ["<", 12]}]}),
        detail(object={"size": ["12"]}),
        detail(object={"key": [{"numeric": [">", 0]}]}),
        detail(object={"version-id": ["a"]}),
        detail(object={"version-id": [{"anything-but": "a"}]}),
        detail(object={"key": [{"exists": False}]}),
        detail(flag=[1]),
        detail(object={"size": [True]}),
        detail(ip=[{"cidr": "10.1.0.0/24"}]),
        detail(items={"kind": ["c"]}),
        {"$or": [{"source": ["nobody"]}, detail(flag=[False])]},
    ],
    ids=json.dumps,
)
def test_a_pattern_misses_an_event_that_lacks_what_it_asks(pattern: dict[str, Any]) -> None:
    validate(pattern)

    assert not matches(pattern, EVENT)


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ({}, "empty"),
        ({"source": "aws.s3"}, "source"),
        ({"source": []}, "source"),
        ({"detail": {"a": [{"starts-with": "x"}]}}, "starts-with"),
        ({"detail": {"a": [{"prefix": "x", "suffix": "y"}]}}, "match type"),
        ({"detail": {"a": [["x"]]}}, "array inside"),
        ({"$or": [{}]}, "empty"),
    ],
)
def test_a_pattern_that_aws_would_refuse_is_refused(pattern: Any, word: str) -> None:
    with pytest.raises(InvalidPatternError, match=word):
        validate(pattern)


leaves = st.none() | st.booleans() | st.integers() | st.text()
events = st.recursive(
    st.dictionaries(st.text(min_size=1).filter(lambda name: name != "$or"), leaves, min_size=1),
    lambda inner: st.dictionaries(
        st.text(min_size=1).filter(lambda name: name != "$or"), inner, min_size=1
    ),
    max_leaves=6,
)


def exactly(event: Any) -> Any:
    """The pattern that asks for every leaf of the event."""
    return {
        name: exactly(value) if isinstance(value, dict) else [value]
        for name, value in event.items()
    }


@given(events)
def test_the_pattern_of_an_events_own_leaves_matches_it(event: dict[str, Any]) -> None:
    pattern = exactly(event)
    validate(pattern)

    assert matches(pattern, event)


@given(events, leaves)
def test_anything_but_is_the_opposite_of_the_value(event: dict[str, Any], other: Any) -> None:
    event["field"] = other

    assert matches({"field": [other]}, event)
    assert not matches({"field": [{"anything-but": [other]}]}, event)


@given(st.text(), st.text())
def test_a_wildcard_between_two_texts_matches_all_that_stands_between(a: str, b: str) -> None:
    pattern = {"key": [{"wildcard": f"{_escaped(a)}*{_escaped(b)}"}]}

    assert matches(pattern, {"key": f"{a}\n anything {b}"})
    assert matches(pattern, {"key": a + b})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")
