"""Attempts of a training job that die at chosen places, each in a process of its own.

The processes are forked from one that has imported torch already, so that an attempt takes tenths
of a second. They stop themselves by real signals, sent from the hooks that torch and the
interpreter offer: in a forward pass, after an update of the weights, at an access to the
checkpoint folder. Run as a program, this file is the process that forks.
"""

import contextlib
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.nn.parallel import DistributedDataParallel
from torch.optim.optimizer import register_optimizer_step_post_hook

from tests.training.small_memory import SmallMemory
from tests.training.tiny import make_base_model
from training_image import gradients
from training_image.job import StopSignal
from training_image.models import load_base, load_tokenizer
from training_image.parallel import Ranks
from training_image.progress import say
from training_image.train import main

# In the environment of an attempt: the tokens that a rank's memory holds, and the seconds after
# which it counts as hung.
MEMORY = "TEST_MEMORY_TOKENS"
PATIENCE = "TEST_PATIENCE_SECONDS"
# An attempt takes a second or two. One that hangs ends after these and says where it stood; it
# would keep the whole gate waiting.
ATTEMPT_SECONDS = 120
# What the interpreter tells of the checkpoint folder, among others of files.
DISK = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "os.scandir"}


@dataclass(frozen=True)
class Stop:
    """A signal that a process gets when it does something for the n-th time."""

    kind: str
    """`forward`, `update` or `disk`."""
    count: int
    how: int = signal.SIGKILL
    after_seconds: float = 0.0
    """Where it is not 0 the signal comes from outside, so much later."""


@dataclass(frozen=True)
class Attempt:
    """What one attempt left, however it ended."""

    code: int
    resumed_from: int | None
    """None where it died before it had told."""
    forwards: tuple[int, ...]
    """The number of its forward passes until each update of the weights."""
    events: list[dict[str, Any]]

    @property
    def step(self) -> int:
        """The step that it had reached."""
        return (self.resumed_from or 0) + len(self.forwards)


class Forks:
    """Starts attempts."""

    def __init__(self, server: "subprocess.Popen[str]") -> None:
        self._server = server

    def run(
        self, base: Path, stop: Stop | None = None, name: str = "attempt", **environment: str
    ) -> Attempt:
        """Runs the training program on a job's folder until its end or the stop.

        Raises:
            AssertionError: it hung; the text says where.
        """
        output, updates = base / f"{name}.jsonl", base / f"{name}.updates"
        hung = base / f"{name}.hung"
        for each in (output, updates, hung):
            each.write_bytes(b"")
        told = {
            "output": str(output),
            "updates": str(updates),
            "hung": str(hung),
            "environment": {"SAGEMAKER_BASE_DIR": str(base), **environment},
            "stop": asdict(stop) if stop else None,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(told) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        assert not hung.read_text(), f"{name} hung:\n{hung.read_text()}"
        lines = output.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.endswith("}")]
        starts = [each["resumed_from_step"] or 0 for each in events if each["event"] == "start"]
        forwards = tuple(int(each) for each in updates.read_text().split())
        return Attempt(code, starts[0] if starts else None, forwards, events)


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """Starts the process that forks, and ends it."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.training.forked"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        yield Forks(server)
        assert server.stdin is not None
        server.stdin.close()


class WatchedRanks(Ranks):
    """Prints how many networks that average their gradients there are when it has taken leave."""

    def leave(self) -> None:
        super().leave()
        if self.world > 1:
            replicas = [each for each in gc.get_objects() if type(each) is DistributedDataParallel]
            say("leave", networks=len(replicas))


def serve() -> None:
    """Forks an attempt for each line on stdin; answers with its exit code, or minus its signal."""
    with tempfile.TemporaryDirectory() as folder:
        base = make_base_model(Path(folder) / "base")  # imports what transformers does late
        load_base(base, ["a", "b"], load_tokenizer(base, 32))
    gc.freeze()  # so that a fork's collections do not copy what it shares
    for line in sys.stdin:
        told = json.loads(line)
        chosen = told.pop("stop")
        stop = Stop(**chosen) if chosen else None
        child = os.fork()
        if not child:
            attempt(**told, stop=stop)
        if stop and stop.after_seconds:
            wait_for(Path(told["updates"]), stop.count, child)
            time.sleep(stop.after_seconds)
            os.kill(child, stop.how)
        _, status = os.waitpid(child, 0)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(status))


def wait_for(updates: Path, count: int, child: int) -> None:
    """Waits until an attempt has made so many updates, or is about to end."""
    while len(updates.read_bytes().split()) < count:
        time.sleep(0.001)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return


def attempt(
    output: str, updates: str, hung: str, environment: dict[str, str], stop: Stop | None
) -> None:
    """Runs the program in this process, which ends with it."""
    seconds = float(environment.get(PATIENCE, ATTEMPT_SECONDS))
    faulthandler.dump_traceback_later(seconds, exit=True, file=Path(hung).open("w"))  # noqa: SIM115
    sys.stdout = Path(output).open("w")  # noqa: SIM115 - until the end
    os.environ.update(environment)  # where torch looks for the other ranks
    torch.set_num_threads(1)
    if MEMORY in environment:
        gradients.RUNS_OUT.add("cpu")
        SmallMemory(int(environment[MEMORY])).install()
    requested = StopSignal()
    requested.listen()
    file = os.open(updates, os.O_WRONLY | os.O_APPEND)
    counts = {"forward": 0, "update": 0, "disk": 0}
    count = counter(counts, stop, environment["SAGEMAKER_BASE_DIR"] + "/checkpoints")

    def updated(optimizer: torch.optim.Optimizer, *_: object) -> None:
        if isinstance(optimizer, torch.optim.LBFGS):
            return  # of the baseline and the temperature, not of the training
        os.write(file, b"%d\n" % counts["forward"])  # stays, whatever comes then
        count("update")

    def passed(module: torch.nn.Module, _: object) -> None:
        if type(module).__name__.endswith("ForSequenceClassification"):
            count("forward")

    register_optimizer_step_post_hook(updated)
    register_module_forward_pre_hook(passed)
    code = 70
    try:
        code = main(environment, requested, WatchedRanks.join)
    finally:
        os._exit(code)


def counter(counts: dict[str, int], stop: Stop | None, checkpoints: str) -> Callable[[str], None]:
    """Returns what counts an event, and sends the signal at the chosen one."""
    lock = threading.RLock()

    def count(kind: str) -> None:
        with lock:
            counts[kind] += 1
            reached = stop is not None and kind == stop.kind and counts[kind] == stop.count
        if reached and stop is not None and not stop.after_seconds:
            os.kill(os.getpid(), stop.how)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event in DISK and str(arguments[0]).startswith(checkpoints):
            count("disk")

    sys.addaudithook(audit)
    return count


if __name__ == "__main__":
    serve()
