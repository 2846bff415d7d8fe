"""Where the program trains: what torch finds, whatever its maker, and the processors without it."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from training_image.accelerators import accelerator_count, accelerator_kind, free_memory
from training_image.batches import PASS_OVERHEAD_TOKENS, pass_overhead, send
from training_image.hardware import CPU_RECTANGLE_TOKENS, Hardware
from training_image.records import read_records


def test_this_machine_has_no_accelerator_and_trains_on_its_processors() -> None:
    if torch.accelerator.is_available():
        pytest.skip("this machine has an accelerator")
    assert accelerator_kind() is None
    assert accelerator_count() == 0
    free_memory()
    assert Hardware.find().device == torch.device("cpu")


# torch knows the name of a device whose backend it was not built with.
@pytest.mark.parametrize("kind", ["xpu", "hpu", "privateuseone"])
def test_an_accelerator_of_any_maker_is_taken_by_its_own_name(kind: str) -> None:
    found = Hardware.find(2, lambda: kind)

    assert found.device == torch.device(kind, 2)
    assert found.dtype == torch.bfloat16
    assert found.pass_tokens(None, packed=False) == CPU_RECTANGLE_TOKENS
    assert pass_overhead(found.device) == PASS_OVERHEAD_TOKENS["cuda"]


def test_inputs_are_moved_to_any_device() -> None:
    # The device that torch has everywhere, and that is not the processors.
    values = np.arange(6).reshape(2, 3)

    assert send(values, torch.device("meta")).device.type == "meta"
    assert send(values, torch.device("cpu")).tolist() == values.tolist()


@pytest.fixture
def opened() -> Iterator[list[tuple[str, str]]]:
    """The files that this process opens, each with its mode."""
    seen: list[tuple[str, str]] = []
    listening = [True]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if listening and event == "open" and isinstance(arguments[0], str | Path):
            seen.append((str(arguments[0]), str(arguments[1])))

    sys.addaudithook(hook)
    yield seen
    listening.clear()


def test_a_channel_is_read_once_and_only_forwards_as_a_stream_wants_it(
    tmp_path: Path, opened: list[tuple[str, str]]
) -> None:
    """FastFile gives a channel of files that are read-only and slow to go back in."""
    folder = tmp_path / "train"
    folder.mkdir()
    for number in range(3):
        line = f'{{"id": "{number}", "text": "good film", "label": "1"}}\n'
        (folder / f"part-{number}.jsonl").write_text(line * 2000, encoding="utf-8")
        (folder / f"part-{number}.jsonl").chmod(0o444)
    folder.chmod(0o555)
    opened.clear()

    assert sum(1 for _ in read_records(folder, "train", text_pair=False)) == 6000

    ours = [(Path(name).name, mode) for name, mode in opened if name.startswith(str(folder))]
    files = [one for one in ours if one[0].endswith(".jsonl")]
    assert files == [(f"part-{number}.jsonl", "r") for number in range(3)]
    folder.chmod(0o755)


def test_a_named_pipe_is_a_channel_as_good_as_a_file(tmp_path: Path) -> None:
    """What cannot go back at all can be read: nothing seeks."""
    folder = tmp_path / "train"
    folder.mkdir()
    pipe = folder / "part-0.jsonl"
    os.mkfifo(pipe)
    lines = b'{"id": "1", "text": "good film", "label": "1"}\n' * 5000

    writer = threading.Thread(target=lambda: pipe.write_bytes(lines), daemon=True)
    writer.start()
    assert sum(1 for _ in read_records(folder, "train", text_pair=False)) == 5000
    writer.join(timeout=10)
