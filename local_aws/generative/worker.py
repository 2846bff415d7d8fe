"""The process in which a small model is trained or answers, so that its parent stays responsive.

    python -m local_aws.generative.worker WEIGHTS UPPER_LAYERS NICENESS

reads one call a line and writes one JSON document a line: for `fine_tune` each step and then the
end, for `answer` and `loss` the result. It ends with its parent, when its input does.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from local_aws.generative.answering import Answerer
from local_aws.generative.chat import Chat
from local_aws.generative.conversations import Conversation, Message, StepMetrics
from local_aws.generative.lessons import lessons_of
from local_aws.generative.port import GenerativeError
from local_aws.generative.split_model import SplitModel, fitting_dtype
from local_aws.generative.tuning import mean_loss, tune

Say = Callable[[Mapping[str, Any]], None]


class Worker:
    """Does the calls, one after the other."""

    def __init__(self, weights: Path, upper_layers: int, say: Say) -> None:
        self._model = SplitModel(weights, upper_layers, fitting_dtype())
        self._chat = Chat(weights)
        self._answerer = Answerer(self._model, self._chat)
        self._say = say

    def do(self, call: Mapping[str, Any]) -> None:
        """Do one call and say how it ended."""
        try:
            self._say({"result": getattr(self, f"_{call['do']}")(call)})
        except GenerativeError as error:
            self._say({"error": str(error)})

    def _fine_tune(self, call: Mapping[str, Any]) -> None:
        self._answerer.use(None)
        lessons = lessons_of(_records(call), self._model, self._chat)
        tune(
            self._model,
            lessons,
            call["epochs"],
            call["learning_rate"],
            call["seed"],
            self._report,
        )
        self._model.save(Path(call["folder"]))

    def _loss(self, call: Mapping[str, Any]) -> float:
        self._use(call)
        return mean_loss(self._model, lessons_of(_records(call), self._model, self._chat))

    def _answer(self, call: Mapping[str, Any]) -> dict[str, Any]:
        self._use(call)
        messages = [Message(**each) for each in call["messages"]]
        return asdict(self._answerer.answer(call["system"], messages, call["max_tokens"]))

    def _use(self, call: Mapping[str, Any]) -> None:
        folder = call["folder"]
        self._answerer.use(None if folder is None else Path(folder))

    def _report(self, step: StepMetrics) -> None:
        self._say({"step": asdict(step)})


def _records(call: Mapping[str, Any]) -> list[Conversation]:
    return [
        Conversation(each["system"], tuple(Message(**message) for message in each["messages"]))
        for each in call["records"]
    ]


def _calls_in(lines: "queue.Queue[str]") -> None:
    """Read the calls; where the parent is gone, be gone too, in the midst of a training."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def main(weights: str, upper_layers: str, niceness: str) -> None:
    """Do calls until the input ends."""
    os.nice(int(niceness))
    torch.set_num_threads(1)
    # Libraries print; the calls' answers have the old standard output to themselves.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(document: Mapping[str, Any]) -> None:
        answers.write(json.dumps(document) + "\n")
        answers.flush()

    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_calls_in, args=(lines,), daemon=True).start()
    worker = Worker(Path(weights), int(upper_layers), say)
    while True:
        worker.do(json.loads(lines.get()))


if __name__ == "__main__":
    main(*sys.argv[1:])
