"""`thriftline runs submit`: files become a data set and its run."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import Answer, FakeApi, page
from tests.unit.cli.runs_api import ID, a_run, takes_uploads
from thriftline_cli.exits import Exit
from thriftline_cli.runs.checking import refusal_of


def test_a_file_is_uploaded_and_its_run_asked_for(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --output json") == Exit.DONE
    assert [one.path for one in api.changes] == ["/uploads", "/data", "/runs"]
    assert api.changes[1].body.count(b"text,label\na,b\n") == 1
    assert api.changes[2].body == {
        "project": "shop",
        "key": "datasets/shop/shop.csv",
        "version_id": "v1",
    }
    assert api.answer["run_id"] == ID
    watch, lists = api.said[-2:]
    assert watch == f"to watch it: thriftline runs watch {ID}"
    assert "runs list" in lists


def test_a_run_yaml_that_cannot_be_used_is_said_before_anything_is_uploaded(
    api: FakeApi, data: Path, tmp_path: Path
) -> None:
    takes_uploads(api)
    api.spec_refusal = "run.yaml line 1: epochz is no key"
    (tmp_path / "run.yaml").write_text("epochz: 3\n")
    line = f"runs submit {data} --project shop --spec {tmp_path}/run.yaml"
    assert api.command(line) == Exit.USAGE
    assert api.asked == []
    said = "\n".join(api.said)
    assert "epochz is no key" in said
    assert "--no-check" in said
    assert api.command(f"{line} --no-check") == Exit.DONE


def test_the_rules_of_the_check_are_the_functions_own(tmp_path: Path) -> None:
    spec = tmp_path / "run.yaml"
    spec.write_text("epochz: 3\n")
    why = refusal_of(spec, {"PATH": "/usr/bin:/bin"})
    assert why is not None
    assert "line 1" in why
    spec.write_text("seed: 3\n")
    assert refusal_of(spec, {"PATH": "/usr/bin:/bin"}) is None


@pytest.mark.parametrize("newest", [[], [{"run_id": "shop-77"}]])
def test_where_an_upload_starts_no_run_the_one_that_says_why_is_named(
    api: FakeApi, newest: list[Any]
) -> None:
    api.routes |= {
        f"GET /runs/{ID}": a_run(status="not_started", summary="run.yaml says why"),
        "GET /runs": page(*newest),
    }
    assert api.command(f"runs watch {ID}") == Exit.FAILED
    wanted = "runs get shop-77" if newest else "runs list --project shop"
    assert wanted in api.said[-1]


def test_one_file_follows_its_settings(api: FakeApi, data: Path, tmp_path: Path) -> None:
    takes_uploads(api)
    (tmp_path / "mine.yaml").write_text("x")
    api.command(f"runs submit {data} --project shop --spec {tmp_path}/mine.yaml")
    assert [one["name"] for one in api.changes[0].body["files"]] == ["run.yaml", "shop.csv"]
    assert api.changes[-1].body["key"] == "datasets/shop/shop.csv"


def test_several_files_without_settings_are_started_by_empty_ones(
    api: FakeApi, data: Path, tmp_path: Path
) -> None:
    takes_uploads(api)
    (tmp_path / "held.csv").write_text("x")
    api.command(f"runs submit {data} --project shop --validation {tmp_path}/held.csv")
    names = [one["name"] for one in api.changes[0].body["files"]]
    assert names == ["validation.csv", "train.csv", "run.yaml"]
    assert api.changes[-1].body["key"] == "datasets/shop/run.yaml"
    assert "an empty file -> datasets/shop/run.yaml (0 kB)" in api.said


def test_the_settings_of_several_files_come_last(api: FakeApi, data: Path, tmp_path: Path) -> None:
    takes_uploads(api)
    for name in ("mine.yaml", "held.JSONL", "t.csv.gz"):
        (tmp_path / name).write_text("x")
    line = f"runs submit {data} --project shop --spec {tmp_path}/mine.yaml"
    api.command(f"{line} --validation {tmp_path}/held.JSONL --test {tmp_path}/t.csv.gz")
    names = [one["name"] for one in api.changes[0].body["files"]]
    assert names == ["validation.jsonl", "test.csv.gz", "train.csv", "run.yaml"]
    assert api.changes[-1].body["key"] == "datasets/shop/run.yaml"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "gone.csv", "No such file"),
        (lambda folder: folder, "is none of .jsonl"),
        (lambda folder: _written(folder / "empty.csv", ""), "is empty"),
        (lambda folder: _written(folder / "data.xlsx", "x"), "is none of .jsonl"),
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_asked(
    api: FakeApi, tmp_path: Path, make: Any, said: str
) -> None:
    assert api.command(["runs", "submit", str(make(tmp_path)), "--project", "shop"]) == Exit.USAGE
    assert said in api.said[0]
    assert api.asked == []


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_s3_refuses_starts_no_run(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    api.routes["POST /data"] = Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
    assert api.command(f"runs submit {data} --project shop") == Exit.FAILED
    assert api.said[-1].endswith("was not uploaded: S3 answered 403 AccessDenied")
    assert api.changes[-1].path == "/data"


def test_a_dry_run_uploads_nothing(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --dry-run") == Exit.DONE
    assert api.changes == []


def test_submit_watches_to_the_end_if_asked_to(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --wait --output json") == Exit.DONE
    assert api.answer["status"] == "succeeded"
    assert api.slept == 10
