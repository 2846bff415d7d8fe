"""`local.smollm2-135m-instruct`: a real small model that is really fine-tuned and really answers.

Each fine-tuning is a process of its own; another one answers, and is kept. Both are niced and take
one thread, so that the embedded AWS stays responsive. This module imports neither torch nor
transformers.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local_aws.generative import smollm2_weights
from local_aws.generative.conversations import Answer, Conversation, Message, StepMetrics
from local_aws.generative.port import GenerativeError
from local_aws.options import ROOT

WORKER = (sys.executable, "-m", "local_aws.generative.worker")
_NICENESS = 10
_UPPER_LAYERS = 4
_LAST_LINES = 20
# oneDNN keeps what it prepared for each shape, and steps differ: a gigabyte in two minutes.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "LRU_CACHE_CAPACITY": "32",
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
}


class SmallModel:
    """Engine over the weights of a folder; calls to the answering process wait for each other."""

    def __init__(
        self,
        name: str = smollm2_weights.NAME,
        weights: Path = smollm2_weights.WEIGHTS,
        upper_layers: int = _UPPER_LAYERS,
        worker: Sequence[str] = WORKER,
    ) -> None:
        self.name = name
        self._command = [*worker, str(weights), str(upper_layers), str(_NICENESS)]
        self._answering: _Process | None = None
        self._lock = threading.Lock()

    def fine_tune(
        self,
        records: Sequence[Conversation],
        epochs: int,
        learning_rate: float,
        seed: int,
        folder: Path,
        report: Callable[[StepMetrics], None],
    ) -> None:
        """Train the upper layers on the records, in a process of its own."""
        process = self._start()
        try:
            process.call(
                {
                    "do": "fine_tune",
                    "records": [asdict(record) for record in records],
                    "epochs": epochs,
                    "learning_rate": learning_rate,
                    "seed": seed,
                    "folder": str(folder),
                },
                report,
            )
        finally:
            process.end()

    def loss(self, folder: Path | None, records: Sequence[Conversation]) -> float:
        """Return the mean loss over the answers' tokens."""
        call = {"do": "loss", "records": [asdict(record) for record in records]}
        return float(self._ask(folder, call))

    def answer(
        self, folder: Path | None, system: str, messages: Sequence[Message], max_tokens: int
    ) -> Answer:
        """Answer the last message with the likeliest token each time."""
        call = {
            "do": "answer",
            "system": system,
            "messages": [asdict(message) for message in messages],
            "max_tokens": max_tokens,
        }
        return Answer(**self._ask(folder, call))

    def close(self) -> None:
        """End the answering process."""
        with self._lock:
            if self._answering is not None:
                self._answering.end()
                self._answering = None

    @property
    def answering_process(self) -> int | None:
        """Return the number of the process that answers, while there is one."""
        return None if self._answering is None else self._answering.number

    def _ask(self, folder: Path | None, call: Mapping[str, Any]) -> Any:
        with self._lock:
            if self._answering is None or self._answering.has_ended():
                self._answering = self._start()
            return self._answering.call({**call, "folder": None if folder is None else str(folder)})

    def _start(self) -> "_Process":
        return _Process(self._command)


class _Process:
    """One worker: a call goes in as a line, documents come out as lines."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **_ENVIRONMENT},
            text=True,
            encoding="utf-8",
        )
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def call(
        self, document: Mapping[str, Any], report: Callable[[StepMetrics], None] | None = None
    ) -> Any:
        """Return the call's result, and report each step before it.

        Raises:
            GenerativeError: the worker refused the call, or ended.
        """
        said = self._documents(document)
        for each in said:
            if "step" in each and report is not None:
                report(StepMetrics(**each["step"]))
            elif "error" in each:
                raise GenerativeError(each["error"])
            elif "result" in each:
                return each["result"]
        # Its output is closed a moment before it is gone; the next call must not find it again.
        self._process.kill()
        self._process.wait()
        raise GenerativeError(f"The model's process ended: {self._last_words()}")

    @property
    def number(self) -> int:
        """Return the process's number."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Return whether the process is gone."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _documents(self, document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(document) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return
        for line in self._process.stdout:
            yield json.loads(line)

    def _listen(self) -> None:
        assert self._process.stderr is not None
        self._last_lines.extend(self._process.stderr)

    def _last_words(self) -> str:
        self._listener.join()
        return "".join(self._last_lines).strip() or "it said nothing"
