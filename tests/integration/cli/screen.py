"""A person at a terminal of 80 columns, who says yes to what is asked."""

import os
import pty
import subprocess
import threading
from collections.abc import Mapping, Sequence
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

from tests.integration.cli.terminal import Done

COLUMNS = 80


def typed(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    shows: bool = False,
    patience_seconds: float = 240,
) -> Done:
    """Runs a command whose questions go to a terminal; its answer goes to a pipe.

    Args:
        command: the program and its words.
        environment: of the program, whole.
        folder: in which it is typed.
        shows: whether the answer is shown in the terminal too, and ``out`` is all that it shows.
        patience_seconds: until it is ended.
    """
    own, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, pack("HHHH", 24, COLUMNS, 0, 0))
    seen = bytearray()
    reader = threading.Thread(target=_read, args=(own, seen), daemon=True)
    reader.start()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**environment, "TERM": "xterm"},
        stdin=theirs,
        stderr=theirs,
        stdout=theirs if shows else subprocess.PIPE,
    )
    os.close(theirs)
    os.write(own, b"y\n")
    try:
        out, _ = process.communicate(timeout=patience_seconds)
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=5)
        os.close(own)
    said = seen.decode(errors="replace").replace("\r\n", "\n")
    return Done(process.returncode, said if shows else (out or b"").decode(), said)


def _read(terminal: int, seen: bytearray) -> None:
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            return  # the program has closed it
        if not more:
            return
        seen += more
