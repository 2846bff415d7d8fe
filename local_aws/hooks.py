"""Replaces single attributes of moto, and puts them back.

Every hook goes through here, so that a moto that changed is named at the start, not met as a
strange failure later, and so that moto is itself again when the embedded AWS closes.
"""

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import moto

if TYPE_CHECKING:
    from collections.abc import Callable

MOTO_VERSION = "5.2.5"


class MotoChangedError(RuntimeError):
    """moto is not the release that the hooks were written for."""


class Hooks:
    """The replaced attributes, in order, so that `undo` can restore them."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Set `owner.name` and return what was there; the attribute must exist already."""
        if not hasattr(owner, name):
            label = getattr(owner, "__name__", repr(owner))
            raise MotoChangedError(
                f"{label} has no attribute {name}: local_aws is written for moto {MOTO_VERSION}, "
                f"this is moto {moto.__version__}"
            )
        original = getattr(owner, name)
        static = inspect.getattr_static(owner, name)
        inherited = name not in vars(owner)
        setattr(owner, name, value)
        # A copy left in a subclass would hide what is later put into the class above it.
        undo = partial(delattr, owner, name) if inherited else partial(setattr, owner, name, static)
        self._undo.append(undo)
        return original

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Set `owner.name`, which must not exist yet."""
        if hasattr(owner, name):
            raise MotoChangedError(f"{owner.__name__} has {name} of its own by now: use it")
        setattr(owner, name, value)
        self._undo.append(lambda: delattr(owner, name))

    def undo(self) -> None:
        """Restore everything, last replaced first."""
        while self._undo:
            self._undo.pop()()


def check_moto_version() -> None:
    """Refuse any moto but the pinned one."""
    if moto.__version__ != MOTO_VERSION:
        raise MotoChangedError(
            f"local_aws is written for moto {MOTO_VERSION}, this is moto {moto.__version__}: "
            f"pip install 'moto[all,server]=={MOTO_VERSION}'"
        )
