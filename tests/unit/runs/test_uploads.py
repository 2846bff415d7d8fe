"""What a key means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.runs.domain.uploads import UploadKind, classify, split_files, split_of


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("datasets/reviews/reviews.jsonl", UploadKind.DATA_FILE),
        ("datasets/reviews/reviews.csv.gz", UploadKind.DATA_FILE),
        ("datasets/reviews/a.b.parquet", UploadKind.DATA_FILE),
        ("datasets/reviews/training.csv", UploadKind.DATA_FILE),
        ("datasets/reviews/test_reviews.csv", UploadKind.DATA_FILE),
        ("datasets/reviews/train.csv", UploadKind.SPLIT_FILE),
        ("datasets/reviews/train-00001-of-00008.parquet", UploadKind.SPLIT_FILE),
        ("datasets/reviews/validation_2.jsonl.gz", UploadKind.SPLIT_FILE),
        ("datasets/reviews/run.yaml", UploadKind.RUN_SPEC),
        ("datasets/reviews/run.yml", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/notes.txt", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/deeper/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets//a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/my_data/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/-x/a.jsonl", UploadKind.NOT_A_DATASET),
        ("elsewhere/reviews/a.jsonl", UploadKind.NOT_A_DATASET),
    ],
)
def test_a_key_is_read(key: str, kind: UploadKind) -> None:
    assert classify(key).kind is kind


@given(st.text())
def test_any_key_gets_an_answer_and_a_refusal_has_a_reason(key: str) -> None:
    found = classify(key)
    assert (found.kind is UploadKind.NOT_A_DATASET) == bool(found.reason)
    assert bool(found.project) != bool(found.reason)


def test_files_are_sorted_by_the_names_that_mean_a_split() -> None:
    found = split_files(
        ["run.yaml", "train-2.csv", "train-1.csv", "validation.csv", "other.csv", "test.txt"],
        {"train": None, "validation": None, "test": None},
    )
    assert found.files == {
        "train": ("train-1.csv", "train-2.csv"),
        "validation": ("validation.csv",),
        "test": (),
    }
    assert found.are_complete


def test_named_files_that_are_absent_make_the_set_incomplete() -> None:
    found = split_files(["a.csv"], {"train": ["a.csv", "b*.csv"], "test": ["c.csv"]})
    assert found.missing == ("b*.csv", "c.csv")
    assert not found.are_complete


def test_a_split_is_found_with_and_without_a_number() -> None:
    assert split_of("train.jsonl") == "train"
    assert split_of("test3.csv") == "test"
    assert split_of("testing.csv") is None
