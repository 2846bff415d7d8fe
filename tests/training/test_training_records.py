"""A channel's lines are read strictly; what is wrong is said with the file and the line."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training_image.job import JobError
from training_image.records import MAX_LINE_BYTES, Record, read_records

pytestmark = pytest.mark.training
GOOD = {"id": "a", "text": "a film", "label": "positive"}


def read(
    folder: Path, *lines: bytes, text_pair: bool = False, multi_label: bool = False
) -> list[Record]:
    (folder / "deep").mkdir(exist_ok=True)
    (folder / "deep" / "part-00000.jsonl").write_bytes(b"\n".join(lines))
    return list(read_records(folder, "train", text_pair, multi_label))


def line(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_a_record_knows_its_place(tmp_path: Path) -> None:
    rows = read(tmp_path, line(), line(id="b", text="größer"))
    assert rows[1] == Record(
        "b", "größer", None, ("positive",), "train/deep/part-00000.jsonl line 2"
    )


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        (b"{'id': 1}", "is not JSON: "),
        (b"", "is not JSON: "),
        (b'{"id": "a", "text": "caf\xe9"}', "is not UTF-8: invalid continuation byte at byte 25."),
        (b'{"text": "\\ud800"}', "is not JSON: "),
        (b"[1]", "must be a JSON object."),
        (line(text=None), "must have a string under 'text'."),
        (line(text=" \t\u00a0 "), "has nothing but blanks under 'text'."),
        (line(text=""), "has nothing but blanks under 'text'."),
        (line(label=" "), "has nothing but blanks under 'label'."),
        (line(label=["a"]), "must have a string under 'label'."),
        (b'{"id": "a", "text": "b", "labels": ["c"]}', "has 'labels', but the hyperparameter"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: bytes, sentence: str) -> None:
    with pytest.raises(JobError) as error:
        read(tmp_path, line(), bad, line())
    assert str(error.value).startswith(f"train/deep/part-00000.jsonl line 2 {sentence}")


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ("positive", "must have a list of strings under 'labels' (it may be empty)"),
        (None, "must have a list of strings under 'labels' (it may be empty)"),
        (["a", 1], "must have a list of strings under 'labels' (it may be empty)"),
        ({"a": 1}, "must have a list of strings under 'labels' (it may be empty)"),
        (["a", "b", "a"], "has the label 'a' more than once under 'labels'."),
        (["a", " "], "has a label of nothing but blanks under 'labels'."),
    ],
)
def test_bad_labels_are_named(tmp_path: Path, labels: object, sentence: str) -> None:
    with pytest.raises(JobError) as error:
        read(tmp_path, line(labels=["a"]), line(labels=labels), multi_label=True)
    assert str(error.value).startswith(f"train/deep/part-00000.jsonl line 2 {sentence}")


def test_several_labels_are_read_in_their_order_and_none_is_fine(tmp_path: Path) -> None:
    rows = read(tmp_path, line(labels=["b", "a"]), line(labels=[]), multi_label=True)
    assert [row.labels for row in rows] == [("b", "a"), ()]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="line 1 is longer than 16 MiB"):
        read(tmp_path, line(text="x" * MAX_LINE_BYTES))


@settings(deadline=None)
@given(content=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    try:
        told = read(folder, line(), content)[-1].place
    except JobError as error:
        told = str(error)
    assert told.startswith("train/deep/part-00000.jsonl line ")
