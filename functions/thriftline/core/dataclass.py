"""The standard library's ``dataclass``, whose methods are written when one is first called.

A function's modules name a hundred dataclasses, of which a call makes instances of few. To write
the six methods of one takes half a millisecond, which was half of what our own modules added to a
cold start. Here a class has its fields at once, and its methods when the first of them is needed:
the standard library writes them then. What it refuses at a definition it refuses then, too, which
a test does for every class; a plain class may not inherit from a frozen one.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(
        cls=None,
        /,
        *,
        frozen=False,
        slots=False,
        kw_only=False,
        order=False,
    ):
        """Makes a class a dataclass; the options are those of the standard library's."""

        def made(cls):
            return _with_later_methods(cls, frozen, slots, kw_only, order)

        return made if cls is None else made(cls)


_WRITTEN = ("__init__", "__repr__", "__eq__")
_ORDERED = ("__lt__", "__le__", "__gt__", "__ge__")
_HASHED = ("__hash__",)


def _with_later_methods(
    cls: type, frozen: bool, slots: bool, kw_only: bool, order: bool
) -> type[Any]:
    """Returns the class with its fields, and with methods that are written at their first call."""
    own = set(vars(cls))
    if "__eq__" in own and vars(cls)["__hash__"] is None:
        own.discard("__hash__")  # which Python wrote, for the sake of the other
    made: type[Any] = dataclasses.dataclass(
        init=False, repr=False, eq=False, slots=slots, kw_only=kw_only
    )(cls)
    later = {*_WRITTEN, *(_ORDERED if order else ()), *(_HASHED if frozen else ())} - own

    def write() -> None:
        twin = _twin(made, frozen, kw_only, order)
        for name in later:
            setattr(made, name, vars(twin)[name])

    at_once: dict[str, Any] = {name: _later(made, name, write) for name in later}
    if frozen:
        at_once |= _FROZEN | (_FROZEN_WITH_SLOTS if slots else {})
    elif "__hash__" not in own:
        at_once["__hash__"] = None
    for name, method in at_once.items():
        setattr(made, name, method)
    return made


def _later(cls: type[Any], name: str, write: Callable[[], None]) -> Callable[..., Any]:
    """Returns what stands in for a method until it is written; threads may write it twice."""

    def method(self: object, *args: object, **named: object) -> Any:
        write()
        return getattr(cls, name)(self, *args, **named)

    return method


def _twin(cls: type[Any], frozen: bool, kw_only: bool, order: bool) -> type[Any]:
    """Returns a class of the same fields, with the methods that the standard library writes."""
    fields: dict[str, dataclasses.Field[Any]] = cls.__dataclass_fields__
    body: dict[str, Any] = {
        **fields,
        "__annotations__": {name: field.type for name, field in fields.items()},
        **{name: getattr(cls, name) for name in ("__module__", "__qualname__", "__doc__")},
    }
    if hasattr(cls, "__post_init__"):
        body["__post_init__"] = cls.__post_init__
    make = dataclasses.dataclass(frozen=frozen, kw_only=kw_only, order=order)
    return make(type(cls.__name__, (), body))


def _refuse_to_set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_FROZEN = {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
_FROZEN_WITH_SLOTS = {"__getstate__": _state, "__setstate__": _set_state}
