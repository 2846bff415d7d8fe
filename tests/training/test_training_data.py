"""The token cache holds what the tokenizer says, whatever way the records come in."""

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.training.tiny import records, write_shards
from training_image import token_cache
from training_image.data import Tokenizer
from training_image.job import JobError, StopRequestedError, StopSignal
from training_image.models import load_tokenizer
from training_image.prefetch import prefetched
from training_image.records import Record, read_records
from training_image.token_cache import open_split, record_ids, tokenize
from training_image.train import failure_sentence

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def tokenizer(base_model: Path) -> Tokenizer:
    return load_tokenizer(base_model, 32)[1]


def rows_of(count: int, labels: Sequence[str] = ("b", "a")) -> Iterator[Record]:
    for number, row in enumerate(records(count, 1)):
        label = labels[number % len(labels)]
        yield Record(row["id"], row["text"], None, (label,), f"train/x line {number + 1}")


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_cache_holds_the_tokens_the_labels_and_the_ids_of_every_record(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    split = tokenize(rows_of(50), tokenizer, tmp_path / "cache", keep_ids=True)
    expected = tokenizer.backend.encode_batch([row["text"] for row in records(50, 1)])
    for row, encoding in enumerate(expected):
        tokens = split.tokens[split.offsets[row] : split.offsets[row + 1]]
        assert tokens.tolist() == encoding.ids
    assert split.labels == ("a", "b")
    assert split.truth.tolist() == [1, 0] * 25
    assert split.pair_starts.tolist() == split.lengths_of(np.arange(50)).tolist()
    assert record_ids(split, 0, 50) == [row["id"] for row in records(50, 1)]
    assert record_ids(split, 7, 9) == [row["id"] for row in records(50, 1)][7:9]


def test_the_size_of_a_chunk_changes_nothing(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tokenize(rows_of(50), tokenizer, tmp_path / "whole", keep_ids=True)
    monkeypatch.setattr(token_cache, "CHUNK_ROWS", 7)
    monkeypatch.setattr(token_cache, "BLOCK_BYTES", 24)
    cut = tokenize(rows_of(50), tokenizer, tmp_path / "cut", keep_ids=True)
    assert cut.digest == whole.digest
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


def test_long_texts_make_smaller_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_cache, "CHUNK_CHARACTERS", 100)
    texts = ["x" * 60, "x" * 30, "x" * 30, "x" * 200, "x"]
    rows = iter([Record("i", text, None, ("a",), "p") for text in texts])
    assert [len(chunk) for chunk in token_cache._chunks(rows)] == [3, 1, 1]


def test_another_process_maps_the_same_cache(tokenizer: Tokenizer, tmp_path: Path) -> None:
    written = tokenize(rows_of(20), tokenizer, tmp_path / "cache")
    opened = open_split(tmp_path / "cache", tokenizer)
    assert opened.digest == written.digest
    assert opened.labels == written.labels
    for name in ("tokens", "offsets", "pair_starts", "truth"):
        assert np.array_equal(getattr(opened, name), getattr(written, name))
        assert not getattr(opened, name).flags.writeable


def test_a_cache_that_is_not_whole_is_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenize(rows_of(20), tokenizer, tmp_path / "cache")
    with (tmp_path / "cache" / "tokens.bin").open("r+b") as file:
        file.truncate(10)
    with pytest.raises(JobError, match=r"cache is not whole: tokens.bin has 10 bytes, not"):
        open_split(tmp_path / "cache", tokenizer)
    (tmp_path / "cache" / "index.json").unlink()
    with pytest.raises(JobError, match="cache is not whole"):
        open_split(tmp_path / "cache", tokenizer)


def test_instances_that_see_different_labels_agree_on_their_numbers(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    told: list[Sequence[str]] = []

    def agree(names: Sequence[str]) -> Sequence[str]:
        told.append(names)
        return ["a", "b", "c", "d"]

    split = tokenize(rows_of(6, ("d", "b")), tokenizer, tmp_path / "cache", agree=agree)
    assert told == [["b", "d"]]
    assert split.labels == ("a", "b", "c", "d")
    assert split.truth.tolist() == [3, 1] * 3


@pytest.mark.parametrize("what", ["text", "label", "order"])
def test_the_digest_tells_data_apart(tokenizer: Tokenizer, tmp_path: Path, what: str) -> None:
    def digest(rows: list[Record], name: str) -> str:
        return tokenize(iter(rows), tokenizer, tmp_path / name).digest

    rows = list(rows_of(10))
    other = {
        "text": [*rows[:9], rows[9]._replace(text="so so")],
        "label": [*rows[:9], rows[9]._replace(labels=("b",))],
        "order": rows[::-1],
    }[what]
    assert digest(rows, "one") == digest(rows, "again")
    assert digest(rows, "one") != digest(other, "other")


def test_a_stream_that_can_be_read_once_is_enough(tokenizer: Tokenizer, tmp_path: Path) -> None:
    rows = records(30, 1)
    write_shards(tmp_path / "file", rows)
    write_shards(tmp_path / "lines", rows)
    (tmp_path / "stream").mkdir()
    pipe = tmp_path / "stream" / "part-00000.jsonl"
    os.mkfifo(pipe)
    content = (tmp_path / "file" / "part-00000.jsonl").read_bytes()
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    streamed = tokenize(
        read_records(tmp_path / "stream", "train", False), tokenizer, tmp_path / "s"
    )
    writer.join()
    filed = tokenize(read_records(tmp_path / "file", "train", False), tokenizer, tmp_path / "f")
    assert streamed.digest == filed.digest


def test_two_instances_with_shards_of_their_own_read_every_record_once(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    rows = records(30, 1)
    write_shards(tmp_path / "all", rows, shards=3)
    ids: list[str] = []
    for host, shards in enumerate(([0, 2], [1])):
        (tmp_path / str(host)).mkdir()
        for shard in shards:
            name = f"part-{shard:05d}.jsonl"
            (tmp_path / str(host) / name).write_bytes((tmp_path / "all" / name).read_bytes())
        split = tokenize(
            read_records(tmp_path / str(host), "train", False),
            tokenizer,
            tmp_path / f"cache-{host}",
            keep_ids=True,
        )
        ids += record_ids(split, 0, len(split))
    assert sorted(ids) == sorted(row["id"] for row in rows)


def test_sigterm_is_heard_while_a_stream_gives_nothing(tmp_path: Path) -> None:
    stop, silence = StopSignal(), threading.Event()

    def source() -> Iterator[int]:
        yield 1
        stop.requested = True
        silence.wait(60)

    stream = prefetched(source(), stop.check)
    with pytest.raises(StopRequestedError):
        list(stream)
    silence.set()


def test_what_is_wrong_with_a_record_is_told_after_the_records_before_it() -> None:
    def source() -> Iterator[int]:
        yield 1
        yield 2
        raise JobError("the third")

    seen: list[int] = []
    with pytest.raises(JobError, match="the third"):
        seen.extend(iter(prefetched(source(), lambda: None)))
    stream = prefetched(source(), lambda: None)
    assert [next(stream), next(stream)] == [1, 2]


@pytest.mark.parametrize("file", ["tokens.bin", "truth.bin", "ids.bin"])
def test_a_full_disk_is_named(tokenizer: Tokenizer, tmp_path: Path, file: str) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / file).symlink_to("/dev/full")  # every write to it fails: ENOSPC
    with pytest.raises(JobError) as caught:
        tokenize(rows_of(50), tokenizer, folder, keep_ids=True)
    assert failure_sentence(caught.value) == (
        "No space is left on the instance's disk for the tokens of the data; give the job a "
        "larger volume."
    )


def test_a_label_that_was_never_trained_is_named_with_its_place(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=r"train/x line 2 has the label 'a', which the training"):
        tokenize(rows_of(4), tokenizer, tmp_path / "cache", ["b", "c"])
