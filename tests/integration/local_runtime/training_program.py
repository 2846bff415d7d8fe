"""A training program without any learning: it does what its hyperparameters say."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])
CONFIG = BASE / "input" / "config"
CHECKPOINT = BASE / "checkpoints" / "step.json"


def main() -> None:
    told = json.loads((CONFIG / "hyperparameters.json").read_text())
    steps = int(told.get("steps", "1"))
    on_sigterm = told.get("on_sigterm", "save")
    stopping = []

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.append(True)

    signal.signal(signal.SIGTERM, signal.SIG_IGN if on_sigterm == "ignore" else stop)
    first = json.loads(CHECKPOINT.read_text())["step"] if CHECKPOINT.exists() else 0
    say("start", step=first)
    write_down_what_is_seen()
    step = first
    while step < steps and not stopping:
        step += 1
        if told.get("checkpoints") == "true":
            save_checkpoint(step)
        say("step", step=step, loss=1 / step)
        if step % int(told.get("pause_every", "1000000")) == 0:
            wait_until_stopped(stopping)
    if stopping and told.get("checkpoints") == "true":
        save_checkpoint(step)
    leave_results(told, step)
    sys.exit(int(told.get("exit_code", "0")))


def leave_results(told: dict[str, str], step: int) -> None:
    if "link" in told:
        for folder in ("model", "checkpoints"):
            (BASE / folder).mkdir(exist_ok=True)
            (BASE / folder / "link").symlink_to(told["link"])
    if "failure" in told:
        (BASE / "output" / "failure").write_text(told["failure"])
    if told.get("model", "true") == "true":
        (BASE / "model" / "weights.bin").write_bytes(b"w" * step)


def wait_until_stopped(stopping: list[bool]) -> None:
    while not stopping:
        time.sleep(0.01)


def save_checkpoint(step: int) -> None:
    partial = CHECKPOINT.with_suffix(".partial")
    partial.write_text(json.dumps({"step": step}))
    partial.replace(CHECKPOINT)


def write_down_what_is_seen() -> None:
    seen = {
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "channels": {
            str(file.relative_to(BASE / "input" / "data")): file.read_text()
            for file in sorted((BASE / "input" / "data").rglob("*"))
            if file.is_file()
        },
        "config": {file.name: json.loads(file.read_text()) for file in CONFIG.iterdir()},
    }
    (BASE / "output" / "data" / "seen.json").write_text(json.dumps(seen))


def say(event: str, **facts: float) -> None:
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
