"""Follows a run: a live line on a terminal, a line for each step elsewhere."""

from collections.abc import Mapping
from typing import Any

from thriftline_cli.api.client import segment
from thriftline_cli.context import Context
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.money import in_words, lasted, usd
from thriftline_cli.runs.states import EARLY, ENDED, STATES, TRAINING, UNKNOWN, WAITING, bar

TIMEOUT = 86_400.0
EVERY = 5.0
CODES = {
    "succeeded": Exit.DONE,
    "not_promoted": Exit.FAILED,
    "failed": Exit.FAILED,
    "not_started": Exit.FAILED,
    "rejected": Exit.REFUSED,
}
NOT_STARTED = "not_started"
Run = Mapping[str, Any]
_GOES_ON = "stopped watching; the run goes on. To watch again: thriftline runs watch {}"


def watch(run_id: str, context: Context) -> tuple[dict[str, Any], Exit]:
    """Waits for a run's end; returns the run and the exit code that goes with it.

    Raises:
        CommandError: it takes longer than --timeout; it goes on.
    """
    context.goes_on = _GOES_ON.format(run_id)
    every, timeout = context.option("every", EVERY), context.option("timeout", TIMEOUT)
    line = Line(context)
    waited, asked = 0.0, False
    while True:
        run = context.api.get(f"/runs/{segment(run_id)}")
        if (other := run.get("belongs_to")) and other != run_id:
            line.say(f"this upload belongs to run {other}, which is watched instead")
            run_id = other
            context.goes_on = _GOES_ON.format(run_id)
            continue
        if run["status"] in ENDED:
            line.end()
            _say_where(run, context)
            return run, CODES.get(run["status"], Exit.FAILED)
        if run["status"] == WAITING and not asked:
            asked = True
            line.say(_request(run))
        line.show(run)
        if waited >= timeout:
            line.end()
            raise CommandError(
                f"run {run_id} has not ended after {in_words(timeout)}; it goes on. To watch "
                f"again: thriftline runs watch {run_id}",
                Exit.TIMED_OUT,
            )
        context.sleep(every)
        waited += every


def _say_where(run: Run, context: Context) -> None:
    """Names the run that says why an upload started none, such as that of a broken run.yaml."""
    if run["status"] != NOT_STARTED:
        return
    try:
        newest = next(context.api.items("/runs", limit=1, project=run["project"]), None)
    except CommandError:
        return
    if newest is None:
        context.say(f"thriftline runs list --project {run['project']} has the run that says why")
    else:
        own = newest["run_id"]
        context.say(f"the newest run of {run['project']}: thriftline runs get {own}")


def sentence(run: Run, width: int) -> str:
    """Returns how far a run is, within the width; its money is never cut."""
    far, words = STATES.get(run.get("state") or "", UNKNOWN)
    if run["status"] == EARLY:
        far, words = 0, "is about to start"
    progress = run.get("progress") or {}
    phase = progress.get("phase")
    if run.get("state") in TRAINING:
        if progress.get("step") and progress.get("steps"):
            far, words = _by_steps(far, words, progress)
        elif phase:
            words = f"{words} ({phase})"
    facts = [lasted(progress.get("seconds")), _money(run, progress)]
    tail = "  ".join(fact for fact in facts if fact not in ("", "-"))
    head = f"{bar(far)} {words}"
    room = width - len(tail) - 3
    if len(head) > room > 0:
        head = f"{head[: room - 1]}…"
    return f"{head}  {tail}".rstrip()


def _by_steps(far: int, words: str, progress: Mapping[str, Any]) -> tuple[int, str]:
    """Returns how far the training is of the bar's part for it, and how to say that."""
    step, steps = progress["step"], progress["steps"]
    until = STATES["Evaluate"][0]
    left = progress.get("seconds_left")
    text = f"{words}: step {step:,} of {steps:,}"
    if left is not None:
        text = f"{text}, {lasted(left)} left"
    return far + int((until - far) * min(1, step / steps)), text


def _money(run: Run, progress: Mapping[str, Any]) -> str:
    so_far, worst = progress.get("cost_so_far_usd"), run.get("worst_case_usd")
    known = (
        f"{usd(amount)} {words}"
        for amount, words in ((so_far, "so far"), (worst, "at most"))
        if amount is not None
    )
    return ", ".join(known)


def _request(run: Run) -> str:
    worst = run.get("worst_case_usd")
    return (
        f"may it spend up to {usd(worst)}? thriftline approvals approve {run['run_id']}   "
        "(or reject)"
    )


class Line:
    """The line that is overwritten on a terminal; a file gets each step once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._live = context.stderr.isatty()
        self._said: object = None

    def show(self, run: Run) -> None:
        """Shows how far the run is."""
        if self._live:
            text = sentence(run, self._context.terminal_width)
            self._context.stderr.write(f"\r\x1b[2K{text}")
            self._context.stderr.flush()
            self._said = text
        elif self._said != (step := (run["status"], run.get("state"))):
            self._said = step
            self._context.say(sentence(run, 80))

    def say(self, text: str) -> None:
        """Says something above the line."""
        self.end()
        self._context.say(text)

    def end(self) -> None:
        """Takes the line away."""
        if self._live and self._said is not None:
            self._context.stderr.write("\r\x1b[2K")
            self._context.stderr.flush()
            self._said = None
