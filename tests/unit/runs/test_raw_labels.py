"""A label that the map lacks is refused before dollars are held; what the map may mean is not."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.runs.preparation_world import PreparationWorld, preparation_world
from thriftline.core.errors import DatasetRejectedError
from thriftline.runs.domain.raw_heads import HEAD_BYTES
from thriftline.runs.domain.raw_labels import Columns, UncoveredLabel, uncovered

LABELS = {"Good": "positive", "Bad": "negative"}
COLUMNS = Columns("body", None, "verdict")


@pytest.fixture
def world() -> Iterator[PreparationWorld]:
    with preparation_world() as made:
        yield made


def spec(**prepare: Any) -> dict[str, Any]:
    columns = {"text": "body", "label": "verdict"}
    given = {"engine": "emr_serverless", "columns": columns, "labels": LABELS, **prepare}
    return {"prepare": given}


def test_a_label_that_the_map_lacks_is_refused_and_nothing_is_held(
    world: PreparationWorld,
) -> None:
    world.rewrite(**spec())
    world.put_raw(b"body,verdict\none text,Good\nanother,Gut\nmore,bad\nstill,gut\n", "a.csv")

    with pytest.raises(DatasetRejectedError) as caught:
        world.plan()

    said = str(caught.value)
    assert "/a.csv: prepare.labels has nothing for “Gut” (line 3) in the first 64 KB" in said
    assert "unmapped_labels: keep or drop" in said
    assert said.endswith("Nothing was spent.")
    assert world.held_usd == 0
    assert world.engine.asked == []


@pytest.mark.parametrize("rule", ["keep", "drop"])
def test_who_keeps_or_drops_such_labels_is_let_through(world: PreparationWorld, rule: str) -> None:
    world.rewrite(**spec(unmapped_labels=rule))
    world.put_raw(b"body,verdict\none text,Gut\n", "a.csv")
    assert world.plan().engine == "emr_serverless"


def test_without_a_map_no_label_is_missing(world: PreparationWorld) -> None:
    world.rewrite(**spec(labels={}))
    world.put_raw(b"body,verdict\none text,Gut\n", "a.csv")
    assert world.plan().engine == "emr_serverless"


def test_what_comes_behind_the_first_bytes_is_the_programs_to_find(world: PreparationWorld) -> None:
    world.rewrite(**spec())
    many = "a text,Good\n" * (HEAD_BYTES // 12 + 1)
    world.put_raw(f"body,verdict\n{many}last,Gut\n".encode(), "a.csv")
    assert world.plan().engine == "emr_serverless"


def test_files_that_are_packed_are_looked_at_too(world: PreparationWorld) -> None:
    world.rewrite(**spec())
    lines = "".join(
        json.dumps({"body": "text", "verdict": one}) + "\n" for one in ("Good", "Bad", True)
    )
    world.put_raw(gzip.compress(lines.encode(), mtime=0), "a.jsonl.gz")
    with pytest.raises(DatasetRejectedError, match=r"“true” \(line 3\)"):
        world.plan()


@pytest.mark.parametrize(
    "label",
    [
        "Good",
        " good ",
        "GOOD",
        "go\u200bod",
        "positive",
        "Negative",
        "\uff22\uff21\uff24",
        "bad\ufeff",
    ],
)
def test_a_spelling_that_the_program_may_know_is_not_refused(label: str) -> None:
    head = f"body,verdict\ntext,{label}\n"
    assert uncovered(head, "csv", COLUMNS, LABELS) == ()


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("csv", "body,verdict\n"),
        ("csv", "body,verdict\ntext,Gut"),
        ("csv", "body,verdict\n,Gut\n  ,Gut\n"),
        ("csv", "body,verdict\nbody,verdict\n"),
        ("csv", "body, verdict\na,Good\nbody, verdict\nb,Bad\n"),
        ("csv", "body,verdict\ncaf\ufffd,Gut\n"),
        ("csv", "body,verdict\n\u3164,Gut\ntext,\u3164\n"),
        ("csv", "body,verdict\ntext,\ntext,  \n"),
        ("csv", 'body,verdict\n"an open quote,Good\ntext,Gut\n'),
        ("csv", "body,verdict\ntext,Good,more\ntext,Gut\n"),
        ("csv", "body,verdict\ntext,G\ufffdt\n"),
        ("csv", "body,verdict\rtext,Gut\r\n"),
        ("csv", "text,verdict\ntext,Gut\n"),
        ("csv", "body,verdict,verdict\ntext,Gut,Gut\n"),
        ("jsonl", '{"body": "text", "verdict": "Gut"}'),
        ("jsonl", '{"body": "text", "verdict": null}\n'),
        ("jsonl", '{"body": "text", "verdict": 1.5}\n'),
        ("jsonl", '{"body": "", "verdict": "Gut"}\n'),
        ("jsonl", '{"body": 7, "verdict": "Gut"}\n'),
        ("jsonl", '{"verdict": "Gut"}\n'),
        ("jsonl", '{"body": "text", "verdict": "Gut", "verdict": "Good"}\n'),
        ("jsonl", '{"body": "text", "verdict": "Gut", "more": "\ufffd"}\n'),
        ("jsonl", '["Gut"]\n{"verdict"\n\n'),
        ("parquet", "body,verdict\ntext,Gut\n"),
    ],
)
def test_a_row_that_the_program_may_remove_or_read_otherwise_says_nothing(
    kind: str, head: str
) -> None:
    assert uncovered(head, kind, COLUMNS, LABELS) == ()


def test_each_label_is_named_once_where_it_comes_first() -> None:
    head = 'body,verdict\n\n"two\tparts",Gut\ntext,GUT\ntext,7\n'
    assert uncovered(head, "csv", COLUMNS, LABELS) == (
        UncoveredLabel("Gut", 3),
        UncoveredLabel("7", 5),
    )
    lines = '{"body": "a", "verdict": 0}\n\n{"body": "b", "verdict": "Gut"}\n'
    assert uncovered(lines, "jsonl", COLUMNS, {"0": "negative"}) == (UncoveredLabel("Gut", 3),)


def test_of_pairs_both_texts_must_be_there() -> None:
    columns = Columns("one", "other", "verdict")
    head = "one,other,verdict\na,,Gut\na,b,Schlecht\n"
    assert uncovered(head, "csv", columns, LABELS) == (UncoveredLabel("Schlecht", 3),)
