"""Rows that trained the champion are found in a later test split."""

from collections.abc import Iterator

import pytest

from tests.unit.runs.finished_run import RUN_ID, World, plan, world
from thriftline.datasets.engine import row_digests
from thriftline.datasets.engine.row_digests import Overlap, digest_of_row, smallest, to_bytes
from thriftline.runs.domain.layout import scratch_prefix
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.steps.trained_rows import (
    TRAINED_ROWS,
    keep_trained_rows,
    rows_of_champion,
    sentence_about,
)

CHAMPION = "reviews-00000000000000aa"


@pytest.fixture
def made() -> Iterator[World]:
    with world() as one:
        yield one


def prepared(made: World, split: str, *parts: list[str]) -> None:
    """Leaves what Prepare split leaves."""
    for number, texts in enumerate(parts):
        key = f"{scratch_prefix(RUN_ID)}digests/{split}/part-{number:05d}.bin"
        body = to_bytes(smallest(digest_of_row(text, None) for text in texts))
        made.artifacts.write(key, body, "application/octet-stream")


def champion_trained_on(made: World, texts: list[str]) -> None:
    body = to_bytes(smallest(digest_of_row(text, None) for text in texts))
    made.artifacts.write(f"runs/{CHAMPION}/{TRAINED_ROWS}", body, "application/octet-stream")


def with_champion() -> PlannedChampion:
    return PlannedChampion(
        model_package_arn="arn:package/1",
        model_data_url=f"s3://artifacts/training/{CHAMPION}/{CHAMPION}-01/output/model.tar.gz",
    )


def test_test_rows_that_trained_the_champion_are_counted_and_told(made: World) -> None:
    prepared(made, "test", ["a", "b"], ["c", "d"])
    champion_trained_on(made, ["b", "c", "x"])
    found = rows_of_champion(RUN_ID, plan(with_champion()), made.artifacts)
    assert found == Overlap(known=4, trained_on=2)
    assert "trained on 2 of the 4 test records" in sentence_about(found)


def test_a_champion_that_saw_none_of_them_is_not_mentioned(made: World) -> None:
    prepared(made, "test", ["a"])
    champion_trained_on(made, ["x"])
    found = rows_of_champion(RUN_ID, plan(with_champion()), made.artifacts)
    assert sentence_about(found) == ""


def test_without_a_champion_or_its_digests_nothing_is_claimed(made: World) -> None:
    prepared(made, "test", ["a"])
    assert rows_of_champion(RUN_ID, plan(), made.artifacts) is None
    assert rows_of_champion(RUN_ID, plan(with_champion()), made.artifacts) is None


def test_the_rows_of_a_run_outlive_its_scratch(made: World) -> None:
    prepared(made, "train", ["a", "b"], ["b", "c"])
    keep_trained_rows(RUN_ID, made.artifacts)
    kept = made.artifacts.read(f"runs/{RUN_ID}/{TRAINED_ROWS}")
    assert kept is not None
    assert len(kept) == 3 * 8


def test_where_only_a_sample_is_kept_only_rows_that_would_be_in_it_are_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_digests, "MOST_DIGESTS", 1_000)
    texts = [f"text {n}" for n in range(10_000)]
    trained = smallest(digest_of_row(text, None) for text in texts)
    tested = smallest(digest_of_row(text, None) for text in texts[9_500:] + ["new"] * 9)
    found = row_digests.overlap(trained, tested)
    assert 20 <= found.known <= 90
    assert found.known - found.trained_on <= 1
