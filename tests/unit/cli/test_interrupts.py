"""Ctrl-C ends a command wherever it falls."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from thriftline_cli.interrupts import Interrupts

ROOT = Path(__file__).parents[3]
# As a client's connection pool has one.
IN_A_FINALIZER = """
import os, signal, sys, weakref
import thriftline_cli.context as context
from thriftline_cli.exits import Exit
import thriftline_cli.running as running, thriftline_cli.main as main

# A test that runs in the background of a shell inherits that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Thing: pass

def work(it):
    thing = Thing()
    weakref.finalize(thing, os.kill, os.getpid(), signal.SIGINT)
    del thing
    it.goes_on = "the run goes on"
    it.sleep(60)
    return Exit.DONE

running.run = lambda it: running.exit_code_of(it, lambda: work(it))
sys.exit(main.main(["budget"]))
"""


def test_ctrl_c_within_a_finalizer_ends_the_command_at_its_next_pause() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FINALIZER],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert "Exception ignored" in done.stderr, "Python drops it there"
    assert done.returncode == 130
    assert done.stderr.endswith("thriftline: the run goes on\n")


def test_what_came_before_is_raised_without_a_pause() -> None:
    interrupts = Interrupts()
    interrupts.sleep(0)
    with suppress(KeyboardInterrupt):
        interrupts.take(2, None)
    with pytest.raises(KeyboardInterrupt):
        interrupts.sleep(3600)
