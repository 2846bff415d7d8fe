"""Ctrl-C that is never lost: one that falls into a finalizer is raised at the next pause."""

import signal
import threading
import time
from types import FrameType


class Interrupts:
    """Remembers Ctrl-C besides raising it.

    Python prints and drops an exception that a finalizer raises, so that whoever pressed Ctrl-C
    while one ran would go on watching.
    """

    def __init__(self) -> None:
        self._came = False

    def listen(self) -> None:
        """Takes Ctrl-C from now on; a program that was started to ignore it goes on to do so."""
        # Python takes signals in its main thread alone.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self.take)

    def take(self, _number: int, _frame: FrameType | None) -> None:
        """Raises what Python raises at Ctrl-C."""
        self._came = True
        raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """Waits, but not where Ctrl-C came before.

        Raises:
            KeyboardInterrupt: it came and was dropped.
        """
        if not self._came:
            time.sleep(seconds)
        if self._came:
            raise KeyboardInterrupt
