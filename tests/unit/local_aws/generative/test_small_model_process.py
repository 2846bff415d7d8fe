"""The engine that trains and answers in processes of its own.

How it talks to them is tried on a program that does nothing else, and once on a tiny model.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws.generative.conversations import Answer, StepMetrics
from local_aws.generative.port import GenerativeEngine, GenerativeError
from local_aws.generative.smollm2 import SmallModel
from tests.unit.local_aws.generative.tiny_llama import SYSTEM, asked, make_tiny_llama, records

# Does a call by the text of its question; a training has steps without end.
FAKE_WORKER = """
import json, os, sys
ANSWER = {"text": "positive", "input_tokens": 3, "output_tokens": 1, "stop_reason": "end_turn"}
print(sys.argv[1], file=sys.stderr, flush=True)
def say(**document):
    print(json.dumps(document), flush=True)
for line in sys.stdin:
    call = json.loads(line)
    step = 0
    while call["do"] == "fine_tune":
        say(step={"step": step, "epoch": 0, "loss": 1.0, "perplexity": 2.7})
        step += 1
    asked = call["messages"][-1]["text"]
    if asked == "die":
        sys.exit("the machine has no memory left")
    elif asked == "refuse":
        say(error="Input is too long.")
    else:
        say(result=ANSWER)
"""


class StoppedError(Exception):
    """A job was stopped."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SmallModel]:
    engine = SmallModel(worker=[sys.executable, "-c", FAKE_WORKER])
    yield engine
    engine.close()


def text(engine: GenerativeEngine, question: str) -> str:
    return engine.answer(None, SYSTEM, asked(question), 5).text


def test_an_answer_comes_back_whole(engine: SmallModel) -> None:
    answer = engine.answer(None, SYSTEM, asked("a film"), 5)
    assert answer == Answer("positive", 3, 1, "end_turn")


def test_one_process_answers_until_it_is_closed(engine: SmallModel) -> None:
    assert engine.answering_process is None
    text(engine, "a film")
    first = engine.answering_process
    text(engine, "another film")
    assert engine.answering_process == first is not None
    engine.close()
    assert engine.answering_process is None
    assert not Path(f"/proc/{first}").exists()
    assert text(engine, "a film") == "positive"


def test_a_refusal_comes_back_and_the_process_goes_on(engine: SmallModel) -> None:
    with pytest.raises(GenerativeError, match=r"Input is too long\."):
        text(engine, "refuse")
    assert text(engine, "a film") == "positive"


def test_a_process_that_ends_is_reported_with_its_last_words(engine: SmallModel) -> None:
    with pytest.raises(GenerativeError, match=r"(?s)ended: .*no memory left"):
        text(engine, "die")
    assert text(engine, "a film") == "positive"


def test_a_process_that_was_killed_is_started_again(engine: SmallModel) -> None:
    text(engine, "a film")
    process = engine.answering_process
    assert process is not None
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert text(engine, "a film") == "positive"


def test_what_the_report_raises_ends_the_training(engine: SmallModel, tmp_path: Path) -> None:
    seen: list[int] = []

    def stop(step: StepMetrics) -> None:
        seen.append(step.step)
        if len(seen) == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        engine.fine_tune(records(2, 1), 1, 1e-5, 42, tmp_path, stop)
    assert seen == [0, 1, 2]


def test_a_tiny_model_is_tuned_and_answers(tmp_path: Path) -> None:
    weights = make_tiny_llama(tmp_path / "weights")
    folder = tmp_path / "model"
    folder.mkdir()
    engine = SmallModel("local.tiny", weights, upper_layers=2)
    steps: list[StepMetrics] = []
    engine.fine_tune(records(24, 1), 16, 1e-2, 42, folder, steps.append)
    assert steps[-1].loss < steps[0].loss / 10
    held_out = records(6, 2)
    said = [engine.answer(folder, SYSTEM, each.asked, 6).text for each in held_out]
    assert said == [each.answer for each in held_out]
    assert engine.loss(folder, held_out) < engine.loss(None, held_out) / 10
    engine.close()
