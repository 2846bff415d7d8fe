"""Labels that arrive later, and the interval of live accuracy."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.serving.captures import labelled
from thriftline.core.shares import wilson
from thriftline.serving.domain.label_joins import (
    GroundTruth,
    Judged,
    Said,
    UnreadableLabelError,
    accuracy_of,
    judge_request,
    read_ground_truth,
)


def _label(data: object, encoding: str, **event: str) -> bytes:
    return json.dumps(
        {"groundTruthData": {"data": data, "encoding": encoding}, "eventMetadata": event}
    ).encode()


@pytest.mark.parametrize(
    ("given_line", "wanted"),
    [
        (labelled("i-1", "good"), GroundTruth("i-1", (("good",),))),
        (_label("good\nbad\n", "CSV", eventId="e"), GroundTruth("e", (("good",), ("bad",)))),
        (_label('"a, b"', "CSV", eventId="e"), GroundTruth("e", (("a, b",),))),
        (_label("a,b", "CSV", eventId="e"), GroundTruth("e", (("a", "b"),))),
        (_label('"good"', "JSON", eventId="e"), GroundTruth("e", (("good",),))),
        (_label('["good", "bad"]', "JSON", eventId="e"), GroundTruth("e", (("good",), ("bad",)))),
        (_label('[["a", "b"], []]', "JSON", eventId="e"), GroundTruth("e", (("a", "b"), ()))),
        (_label("Z29vZA==", "BASE64", eventId="e"), GroundTruth("e", (("good",),))),
        (_label("x", "CSV", eventId="e", inferenceId="i"), GroundTruth("i", (("x",),))),
    ],
)
def test_labels_are_read_in_sagemakers_format(given_line: bytes, wanted: GroundTruth) -> None:
    assert read_ground_truth(given_line) == wanted


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{}",
        b"[]",
        _label("", "CSV", eventId="e"),
        _label("{", "JSON", eventId="e"),
        _label("[1]", "JSON", eventId="e"),
        _label("%", "BASE64", eventId="e"),
        _label(7, "CSV", eventId="e"),
        _label("good", "CSV"),
    ],
)
def test_what_is_no_label_is_refused(broken: bytes) -> None:
    with pytest.raises(UnreadableLabelError):
        read_ground_truth(broken)


def test_the_inference_id_wins_over_the_event_id() -> None:
    said = Said("e-1", "i-1", "main", (("good",),))
    assert said.names == ("i-1", "e-1")
    assert Said("e-1", None, "main", ()).names == ("e-1",)


def test_a_request_is_right_text_by_text_and_the_order_of_several_labels_is_none() -> None:
    said = Said("e", None, "main", (("a", "b"), ("c",), ("d",)))
    found = judge_request(said, GroundTruth("e", (("b", "a"), ("c",), ("x",))))
    assert found is not None
    assert (found.right, found.rows) == (2, 3)
    assert judge_request(said, GroundTruth("e", (("c",),))) is None


def test_accuracy_is_of_one_variant() -> None:
    judged = {
        "1": Judged("1", "main", 1, 1),
        "2": Judged("2", "main", 0, 1),
        "3": Judged("3", "challenger", 1, 1),
    }
    found = accuracy_of(judged, "main")
    assert found is not None
    assert (found.right, found.rows, found.share) == (1, 2, 0.5)
    assert accuracy_of(judged, "shadow") is None


# Printed in the literature on the interval.
@pytest.mark.parametrize(
    ("right", "rows", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)]
)
def test_wilsons_interval_is_that_of_the_textbook(
    right: int, rows: int, low: float, high: float
) -> None:
    assert wilson(right, rows) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(1, 10**6), st.data())
def test_the_interval_holds_the_share(rows: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, rows))
    low, high = wilson(right, rows)
    assert 0 <= low <= right / rows + 1e-12
    assert right / rows - 1e-12 <= high <= 1
