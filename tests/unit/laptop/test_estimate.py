"""`make estimate`: the table on a terminal, the files beside it, and what bad input gets."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from laptop.estimate import EstimateError, run_estimate, run_guides, show


def console(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=False)


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def csv(rows: int, kind: str = "film") -> str:
    lines = [f"the {number}th {kind},{('good', 'bad')[number % 2]}" for number in range(rows)]
    return "\n".join(["text,label", *lines, ""])


def test_a_file_gets_a_table_a_page_and_a_document(tmp_path: Path) -> None:
    data, folder, screen = tmp_path / "reviews.csv", tmp_path / "out", console()
    data.write_text(csv(600))

    run_estimate(data, None, "us-east-1", folder, screen)

    document = json.loads((folder / "estimate.json").read_text())
    shown = printed(screen)
    assert (folder / "estimate.html").read_text().startswith("<!DOCTYPE html>")
    assert document["plan"]["quotes"][0]["name"] in shown
    assert "600 records" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_two_estimates_at_once_each_show_their_own(tmp_path: Path) -> None:
    screens = [console(), console()]
    for number in range(2):
        (tmp_path / f"reviews{number}.csv").write_text(csv(500 + 100 * number))

    def estimate(number: int) -> str:
        data = tmp_path / f"reviews{number}.csv"
        run_estimate(data, None, "us-east-1", tmp_path / "out", screens[number])
        return printed(screens[number])

    with ThreadPoolExecutor(2) as pool:
        shown = list(pool.map(estimate, range(2)))
    assert ["500 records" in shown[0], "600 records" in shown[1]] == [True, True]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "estimate.html",
        "estimate.json",
    ]


def test_a_folder_is_a_data_set_with_its_run_yaml(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    for name, rows in (("train", 400), ("validation", 50), ("test", 100)):
        (data / f"{name}.csv").write_text(csv(rows, name))
    (data / "run.yaml").write_text("training: {instance_type: ml.g6.xlarge}\n")

    run_estimate(data, None, "eu-west-1", folder, console())

    plan = json.loads((folder / "estimate.json").read_text())["plan"]
    assert [one["name"] for one in plan["quotes"] if one["chosen"]] == ["ml.g6.xlarge"]
    assert plan["region"] == "eu-west-1"


def test_bad_data_name_the_file_the_line_and_the_fix(tmp_path: Path) -> None:
    data = tmp_path / "bad.csv"
    data.write_text(csv(100) + "no label,\n")

    with pytest.raises(EstimateError, match=r"bad\.csv, line 102, field label.*Fill in the label"):
        run_estimate(data, None, "us-east-1", tmp_path / "out", console())

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "run_yaml", "said"),
    [
        ("none.csv", None, "DATA: there is no file or folder"),
        (".", None, "holds no data"),
        ("reviews.csv", "none.yaml", "RUN: there is no file"),
    ],
)
def test_what_is_not_there_is_named(
    tmp_path: Path, data: str, run_yaml: str | None, said: str
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "reviews.csv").write_text(csv(10))
    place = folder if data == "." else tmp_path / data

    with pytest.raises(EstimateError, match=said):
        run_estimate(
            place,
            tmp_path / run_yaml if run_yaml else None,
            "us-east-1",
            tmp_path / "out",
            console(),
        )


def test_a_region_without_prices_is_refused(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text(csv(600))

    with pytest.raises(EstimateError, match="has no rate for"):
        run_estimate(tmp_path / "reviews.csv", None, "me-south-1", tmp_path / "out", console())


def a_quote(**values: Any) -> dict[str, Any]:
    return {
        "name": "ml.p6-b200.48xlarge",
        "chosen": False,
        "like_cheapest": True,
        "expected_hours": "1234.567",
        "low_usd": "1234567.89",
        "expected_usd": "12345.67",
        "high_usd": "3456789.01",
        "worst_case_usd": "9876543.21",
        "details": {"gpu": "NVIDIA RTX PRO 6000", "gpu_count": 8},
    } | values


def a_document(*quotes: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": {
            "files": ["[bold]a[/bold].csv"],
            "rows": 1000,
            "splits": {"train": 800},
            "labels": 2,
            "warnings": [],
        },
        "plan": {
            "region": "us-east-1",
            "quotes": quotes,
            "expected_reason": "A reason [with brackets].",
            "warnings": ["A warning."],
            "rungs": [{"rate": {"date": "2026-05-20", "unit": "instance-hour"}}],
        },
        "refusal": "Refused.",
    }


def test_money_is_never_cut_whatever_the_width() -> None:
    unknown = a_quote(
        name="ml.m5.xlarge",
        expected_hours=None,
        low_usd=None,
        expected_usd=None,
        high_usd=None,
        like_cheapest=False,
        details={"gpu": None, "gpu_count": None},
    )
    screen = console(80)

    show(a_document(a_quote(chosen=True), unknown), screen)

    shown = printed(screen)
    for amount in ("1,234,568", "12,345.67", "3,456,789", "9,876,543", "1,234.57"):
        assert amount in shown
    # What a person named is printed as it is.
    assert "[bold]a[/bold].csv" in shown
    assert "[with brackets]" in shown
    assert "Refused." in shown


def test_without_data_the_usual_cases_are_priced_by_the_hour() -> None:
    screen = console()

    run_guides("us-east-1", screen)

    shown = printed(screen)
    for name in ("small", "medium", "large", "development", "production", "enterprise"):
        assert name in shown
    assert "2 to 6" in shown
