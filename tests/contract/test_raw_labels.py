"""What is refused before a preparation, the program that prepares would refuse too."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from preparation.thriftline_preparation.labels import LabelMap
from thriftline.runs.domain.raw_labels import Columns, uncovered

_COLUMNS = Columns("text", None, "label")
_NAMES = st.text(min_size=1, max_size=6).filter(lambda one: bool(one.strip()))
_ODD = st.sampled_from(
    [
        "\xdf",
        "ss",
        "\u0130",
        "i\u0307",
        "\xc5",
        "\u212b",
        "A\u030a",
        "\u017f",
        "\ufb01",
        "fi",
        "\u03d2",
    ]
)
_SPELLINGS = st.one_of(_NAMES, _ODD, st.tuples(_ODD, _ODD).map("".join))


@given(map_=st.dictionaries(_SPELLINGS, _SPELLINGS, min_size=1, max_size=4), raw=_SPELLINGS)
@example(map_={"ß": "x"}, raw="SS")
@example(map_={"İ": "x"}, raw="i\u0307")
@example(map_={"Good": "x"}, raw=" go\u200bod ")
@example(map_={"\u1e9b\u0323": "x"}, raw="\u1e9b\u0323 ")
def test_a_label_that_is_said_to_be_missing_is_missing_in_the_program(
    map_: dict[str, str], raw: str
) -> None:
    line = json.dumps({"text": "a text", "label": raw}) + "\n"
    found = uncovered(line, "jsonl", _COLUMNS, map_)
    assert not found or LabelMap(map_).label_of(raw) is None


def test_a_label_that_is_far_from_all_is_found() -> None:
    line = json.dumps({"text": "a text", "label": "Gut"}) + "\n"
    assert uncovered(line, "jsonl", _COLUMNS, {"Good": "positive"})
    assert LabelMap({"Good": "positive"}).label_of("Gut") is None
