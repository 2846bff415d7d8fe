"""What is measured of captured requests, in each form that the image takes, and of broken ones."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.serving.captures import answered, body, line
from thriftline.evaluation.text_measures import words_of
from thriftline.serving.aws.captured import LONGEST_LINE, lines_of
from thriftline.serving.domain.captured_requests import (
    Observation,
    UnreadableCaptureError,
    observe,
    read_capture,
    texts_and_answers,
)

KNOWN = frozenset(words_of("a warm film"))
SECRET = "Hildegard lives in Bingen"


def _seen(captured: bytes) -> tuple[Observation, ...]:
    return observe(read_capture(captured), KNOWN)


@pytest.mark.parametrize("encoded", [True, False])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"text": "a warm film"}, answered("good")),
        ({"inputs": "a warm film"}, [answered("good")]),
        ({"inputs": ["a warm film"]}, [answered("good")]),
        ({"inputs": [{"text": "a warm film"}]}, [answered("good")]),
        ({"instances": [{"text": "a warm film"}]}, {"predictions": [answered("good")]}),
    ],
)
def test_every_form_of_a_request_is_measured(asked: Any, said: Any, encoded: bool) -> None:
    (found,) = _seen(line(body(asked, encoded=encoded), body(said, encoded=encoded)))
    assert found == Observation(("good",), 0.95, False, 11, 0.0)


def test_lines_are_a_text_each_and_encodings_may_differ() -> None:
    asked = body([{"text": "a warm film"}, {"text": "odd", "text_pair": "x"}], lines=True)
    said = body([answered("good"), answered("bad", 0.6)], lines=True, encoded=True)
    found = _seen(line(asked, said))
    assert [one.answer for one in found] == [("good",), ("bad",)]
    assert [one.characters for one in found] == [11, 5]
    assert [one.unknown_words for one in found] == [0.0, 1.0]


def test_several_labels_give_how_sure_each_is() -> None:
    said = {
        "labels": ["a", "b"],
        "probabilities": {"a": 0.9, "b": 0.7, "c": 0.2},
        "truncated": True,
    }
    (found,) = _seen(line(body({"text": "x"}), body(said)))
    assert found.answer == ("a", "b")
    assert found.confidence == pytest.approx((0.9 + 0.7 + 0.8) / 3)
    assert found.truncated is True


def test_a_capture_of_one_half_measures_that_half() -> None:
    (asked,) = _seen(line(body({"text": "a warm film"}), None))
    assert asked == Observation(None, None, None, 11, 0.0)
    (said,) = _seen(line(None, body(answered("good"))))
    assert said == Observation(("good",), 0.95, False, None, None)


def test_texts_can_be_had_for_people_who_label_them() -> None:
    asked, said = body({"inputs": ["one", "two"]}), body([answered("a"), answered("b")])
    whole = texts_and_answers(read_capture(line(asked, said)))
    assert whole == (("one", "two"), (("a",), ("b",)))
    assert texts_and_answers(read_capture(line(None, said))) == ((), (("a",), ("b",)))


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"[]",
        SECRET.encode(),
        b'{"captureData": {}}',
        line(None, None),
        line(body(SECRET), body(answered("good"))),
        line(body({"text": 7, "hidden": SECRET}), body(answered("good"))),
        line(body({"text": SECRET}), body({"error": SECRET})),
        line(body({"inputs": [SECRET, SECRET]}), body([answered("good")])),
        line({"data": "%%%", "encoding": "BASE64"}, body(answered("good"))),
        line({"data": SECRET, "encoding": "JSON"}, body(answered("good"))),
        b"[" * 100_000,
    ],
)
def test_a_broken_line_is_named_without_a_word_of_what_was_sent(broken: bytes) -> None:
    with pytest.raises(UnreadableCaptureError) as found:
        _seen(broken)
    shown = repr(found.value) + repr(found.value.__cause__)
    assert not any(word in shown for word in SECRET.split() if len(word) > 2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_whatever_was_sent_is_measured_or_refused(asked: Any, said: Any) -> None:
    try:
        _seen(line(body(asked), body(said)))
    except UnreadableCaptureError:
        return


@given(st.lists(st.binary(max_size=30).filter(lambda one: b"\n" not in one)), st.integers(1, 40))
def test_lines_come_as_they_lie_whatever_the_size_of_what_is_read(
    pieces: list[bytes], size: int
) -> None:
    class Slow(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    wanted = [piece for piece in pieces if piece.strip()]
    assert list(lines_of(Slow(b"\n".join(pieces)))) == wanted


def test_a_line_without_an_end_takes_no_memory_and_is_one_broken_line() -> None:
    class Endless(io.RawIOBase):
        left = LONGEST_LINE * 3

        def read(self, size: int = -1, /) -> bytes:
            if self.left <= 0:
                return b""
            self.left -= size
            return b"x" * size if self.left > 0 else b"x\n" + json.dumps({}).encode()

    assert list(lines_of(Endless())) == [None, b"{}"]
