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
        ("datasets/reviews/training.csv", UploadKind.SPLIT_FILE),
        ("datasets/reviews/Dev-2.csv", UploadKind.SPLIT_FILE),
        ("datasets/reviews/reviews-00001-of-00002.csv", UploadKind.SPLIT_FILE),
        ("datasets/reviews/reviews-00001-of-00001.csv", UploadKind.DATA_FILE),
        ("datasets/reviews/holdout.csv", UploadKind.DATA_FILE),
        ("datasets/reviews/test_reviews.csv", UploadKind.DATA_FILE),
        ("datasets/reviews/train.csv", UploadKind.SPLIT_FILE),
        ("datasets/reviews/train-00001-of-00008.parquet", UploadKind.SPLIT_FILE),
        ("datasets/reviews/validation_2.jsonl.gz", UploadKind.SPLIT_FILE),
        ("datasets/reviews/run.yaml", UploadKind.RUN_SPEC),
        ("datasets/reviews/run.yml", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/serve.yaml", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/serve.yml", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/reviews.CSV", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/reviews.csv ", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/rev\u202eiews.csv", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/a\nb.csv", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/notes.txt", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/reviews/deeper/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets//a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/my_data/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/-x/a.jsonl", UploadKind.NOT_A_DATASET),
        ("datasets/a--b/a.jsonl", UploadKind.DATA_FILE),
        (f"datasets/{'x' * 32}/a.jsonl", UploadKind.DATA_FILE),
        (f"datasets/{'x' * 33}/a.jsonl", UploadKind.NOT_A_DATASET),
        # A job's name, which has the project in it, has 63 characters at the most.
        (f"datasets/a{'-' * 31}b/a.jsonl", UploadKind.NOT_A_DATASET),
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
    assert found.missing == ()


def test_named_files_that_are_absent_are_missing() -> None:
    found = split_files(["a.csv"], {"train": ["a.csv", "b*.csv"], "test": ["c.csv"]})
    assert found.missing == ("b*.csv", "c.csv")


def test_a_split_is_found_with_and_without_a_number() -> None:
    assert split_of("train.jsonl") == "train"
    assert split_of("test3.csv") == "test"
    assert split_of("testing.csv") == "test"
    assert split_of("tests.csv") is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("run.yml", "call it run.yaml"),
        ("serve.yaml", "starts no run; a deployment of the project reads it"),
        ("serve.yml", "call it serve.yaml"),
        ("Serve.YAML.txt", "call it serve.yaml"),
        ("a.CSV", "small letters"),
        ("a.csv ", "small letters"),
        ("a.tsv", "with commas"),
        ("a\x1b[31m.tsv", "do not print"),
    ],
)
def test_a_file_that_is_not_read_is_told_why_in_plain_text(name: str, said: str) -> None:
    reason = classify(f"datasets/reviews/{name}").reason
    assert said in reason
    assert reason.isprintable()


def test_a_pattern_takes_a_file_out_of_the_split_that_its_name_means() -> None:
    found = split_files(
        ["train.csv", "train-x.csv", "dev.csv"],
        {"train": None, "validation": None, "test": ["dev.csv"]},
    )
    assert found.files == {"train": ("train.csv",), "validation": (), "test": ("dev.csv",)}
