"""What raw data starts: run.yaml alone, once for the same data and settings."""

from collections.abc import Iterator

import pytest

from tests.unit.runs.open_world import FOLDER, World, open_world
from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.domain.raw_data import is_raw, unpacked_size
from thriftline.runs.schemas.run import Run

PREPARE = b"prepare: {columns: {text: body, label: kind}}\n"
SOURCE = b"prepare: {source: [s3://data/raw/reviews/]}\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with open_world() as made:
        yield made


@pytest.fixture
def world(shared: World) -> World:
    shared.empty()
    return shared


def put_raw(world: World, name: str, body: bytes = b"a,b\n") -> None:
    world.s3.put_object(Bucket="data", Key=f"raw/reviews/{name}", Body=body)


def opened_run(world: World, run_id: str | None) -> Run:
    return Run.model_validate_json(world.artifacts.read(f"runs/{run_id}/run.json") or b"")


def refusal(world: World, spec: bytes) -> str:
    with pytest.raises(InvalidRunSpecError) as caught:
        world.ask(world.upload("run.yaml", spec), settled=True)
    return str(caught.value)


def test_a_raw_file_starts_nothing_and_run_yaml_starts_one_run_of_all(world: World) -> None:
    world.upload("run.yaml", PREPARE)
    files = [world.upload(f"{name}.csv", name.encode()) for name in ("a", "b", "train")]
    for number, file in enumerate(files):
        answer = world.ask(file, f"file{number}", settled=True)
        assert (answer.decision, "raw data of run.yaml" in answer.reason) == ("ignored", True)
    spec = world.upload("run.yaml", PREPARE)
    assert world.ask(spec, "spec").decision == "wait", "more raw files may come"
    answer = world.ask(spec, "spec", settled=True)
    assert (answer.decision, answer.prepares) == ("open", True)
    run = opened_run(world, answer.run_id)
    assert run.files == ()
    assert [(one.name, one.split) for one in run.raw_files] == [
        ("a.csv", None),
        ("b.csv", None),
        ("train.csv", None),
    ]


def test_the_same_raw_files_with_the_same_settings_are_one_run(world: World) -> None:
    world.upload("a.csv", b"a")
    first = world.ask(world.upload("run.yaml", PREPARE), "first", settled=True)
    again = world.ask(world.upload("run.yaml", PREPARE), "again", settled=True)
    assert (again.decision, again.run_id) == ("duplicate", first.run_id)


def test_the_same_bytes_uploaded_again_are_one_run_and_other_bytes_another(world: World) -> None:
    world.upload("a.csv", b"a")
    first = world.ask(world.upload("run.yaml", PREPARE), "first", settled=True)
    world.upload("a.csv", b"a")
    same = world.ask(world.upload("run.yaml", PREPARE), "same", settled=True)
    assert (same.decision, same.run_id) == ("duplicate", first.run_id)
    world.upload("a.csv", b"other")
    other = world.ask(world.upload("run.yaml", PREPARE), "other", settled=True)
    assert other.decision == "open"


def test_other_settings_for_the_preparation_are_another_run(world: World) -> None:
    world.upload("a.csv", b"a")
    world.ask(world.upload("run.yaml", PREPARE), "first", settled=True)
    changed = b"prepare: {columns: {text: body, label: kind}, conflicts: majority}\n"
    answer = world.ask(world.upload("run.yaml", changed), "second", settled=True)
    assert answer.decision == "open"


def test_a_run_yaml_without_raw_files_waits_for_them_and_then_says_so(world: World) -> None:
    spec = world.upload("run.yaml", PREPARE)
    assert world.ask(spec).decision == "wait"
    answer = world.ask(spec, settled=True)
    assert (answer.decision, "no data file beside it" in answer.reason) == ("ignored", True)


def test_a_raw_file_that_spark_would_not_see_is_left_out_by_name(world: World) -> None:
    for name in ("a.csv", "_b.csv", ".c.csv"):
        world.upload(name, name.encode())
    spec = world.upload("run.yaml", PREPARE)
    run = opened_run(world, world.ask(spec, settled=True).run_id)
    assert [one.name for one in run.raw_files] == ["a.csv"]
    assert run.left_out == (".c.csv", "_b.csv")

    world.empty()
    world.upload("_b.csv", b"b")
    answer = world.ask(world.upload("run.yaml", PREPARE), settled=True)
    assert (answer.decision, "does not read _b.csv: rename it" in answer.reason) == (
        "ignored",
        True,
    )


def test_a_source_starts_at_once_with_what_it_holds(world: World) -> None:
    for name in ("b.csv", "deep/a.jsonl.gz", "_SUCCESS", ".hidden.csv", "notes.txt", "deep/"):
        put_raw(world, name, b"" if name.endswith("/") else b"a,b\n")
    put_raw(world, "empty.csv", b"")
    answer = world.ask(world.upload("run.yaml", SOURCE))
    assert (answer.decision, answer.prepares) == ("open", True)
    run = opened_run(world, answer.run_id)
    assert [one.key for one in run.raw_files] == [
        "raw/reviews/b.csv",
        "raw/reviews/deep/a.jsonl.gz",
    ]


def test_a_source_that_has_not_changed_is_the_same_run(world: World) -> None:
    put_raw(world, "a.csv")
    first = world.ask(world.upload("run.yaml", SOURCE), "first")
    again = world.ask(world.upload("run.yaml", SOURCE), "again")
    assert (again.decision, again.run_id) == ("duplicate", first.run_id)
    put_raw(world, "b.csv")
    assert world.ask(world.upload("run.yaml", SOURCE), "third").decision == "open"


def test_a_retry_finds_the_run_that_it_has_opened(world: World) -> None:
    put_raw(world, "a.csv")
    spec = world.upload("run.yaml", SOURCE)
    first, again = world.ask(spec), world.ask(spec)
    assert (again.decision, again.run_id) == ("open", first.run_id)
    assert world.ask(spec, "another").decision == "duplicate"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("s3://data/raw/nothing/", "hold no data file"),
        ("s3://elsewhere/raw/", "does not read the bucket elsewhere; it reads data"),
        (f"s3://data/{FOLDER}", "lies under datasets/, where a file starts a run of its own"),
        ("s3://data/d/../datasets/", "hold no data file"),
    ],
)
def test_a_source_that_cannot_be_read_names_the_rule_and_the_fix(
    world: World, source: str, said: str
) -> None:
    answer = refusal(world, f"prepare: {{source: ['{source}']}}\n".encode())
    assert said in answer
    assert "Nothing was spent." in answer


def test_a_file_of_any_name_is_raw_where_run_yaml_says_its_format() -> None:
    assert is_raw("deep/part-0001", "csv")
    assert not is_raw("deep/part-0001", "auto")
    assert not is_raw("_temporary/part.csv", "csv")
    assert is_raw("A.NDJSON.GZ", "auto")
    assert not is_raw("README.md", "csv")
    assert not is_raw("deep/other.jsonl", "csv")
    assert is_raw("_year=2026/part.csv", "auto")


def test_packed_files_hold_more_than_their_size() -> None:
    sizes = {name: unpacked_size(name, 10) for name in ("a.csv", "a.csv.GZ", "a.parquet")}
    assert sizes == {"a.csv": 10, "a.csv.GZ": 40, "a.parquet": 30}


def test_data_that_started_before_run_yaml_came_is_not_run_again_as_raw(world: World) -> None:
    file = world.upload("a.csv", b"a")
    first = world.ask(file, "file", settled=True)
    assert first.decision == "open"
    answer = world.ask(world.upload("run.yaml", PREPARE), "spec", settled=True)
    assert (answer.decision, answer.run_id) == ("duplicate", first.run_id)
