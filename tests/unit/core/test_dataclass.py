"""The dataclass whose methods are written when they are called does what the standard one does."""

import copy
import dataclasses
import importlib
import pickle
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, astuple, field, fields, replace
from typing import Any, ClassVar

import pytest

import thriftline
from thriftline.core import dataclass as module
from thriftline.core.dataclass import dataclass

OPTIONS: tuple[dict[str, bool], ...] = (
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "order": True},
)
Maker = Callable[..., Any]


def _made(make: Maker, options: dict[str, bool]) -> Any:
    class Rate:
        """A rate."""

        units: ClassVar[tuple[str, ...]] = ("hour",)
        name: str
        usd: int = 2
        tiers: list[int] = field(default_factory=list)
        note: str = field(default="", compare=False, repr=False)
        doubled: int = field(init=False, default=0)

        def __post_init__(self) -> None:
            object.__setattr__(self, "doubled", 2 * self.usd)

    return make(**options)(Rate)


def _answer(call: Callable[[], object]) -> object:
    """Returns what a call gives, or the name and the text of its error."""
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error)


def _set(one: object, name: str) -> None:
    setattr(one, name, 5)


QUESTIONS: dict[str, Callable[[Any], object]] = {
    "repr": lambda cls: repr(cls(name="a")),
    "values": lambda cls: astuple(cls(name="a", usd=3)),
    "as a dict": lambda cls: asdict(cls(name="a")),
    "fields": lambda cls: [(one.name, one.type, one.kw_only) for one in fields(cls)],
    "match": lambda cls: cls.__match_args__,
    "equal": lambda cls: (cls(name="a") == cls(name="a"), cls(name="a", note="b") == cls(name="a")),
    "not equal": lambda cls: (cls(name="a") == cls(name="b"), cls(name="a") == ("a", 2, [], "", 4)),
    "order": lambda cls: cls(name="a") < cls(name="b"),
    "order, the other way": lambda cls: cls(name="a") >= cls(name="b"),
    "hash": lambda cls: hash(cls(name="a", tiers=())) == hash(cls(name="a", tiers=(), note="b")),
    "replaced": lambda cls: astuple(replace(cls(name="a"), usd=4)),
    "lists are its own": lambda cls: cls(name="a").tiers is cls(name="a").tiers,
    "by position": lambda cls: astuple(cls("a", 7)),
    "nothing given": lambda cls: cls(),
    "an unknown name": lambda cls: cls(name="a", price=1),
    "set": lambda cls: _set(cls(name="a"), "usd"),
    # Of which the standard library's says another word where it has slots.
    "set what it does not have": lambda cls: isinstance(
        _answer(lambda: _set(cls(name="a"), "price")), tuple
    ),
    "delete": lambda cls: delattr(cls(name="a"), "usd"),
    "copied": lambda cls: astuple(copy.deepcopy(cls(name="a", usd=3))),
    "its own dictionary": lambda cls: hasattr(cls(name="a"), "__dict__"),
    "of the class": lambda cls: (cls.units, cls.__name__, cls.__doc__, cls.__module__),
}


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_the_standard_librarys_does(question: str, options: dict[str, bool]) -> None:
    ask = QUESTIONS[question]

    ours, theirs = (_made(make, options) for make in (dataclass, dataclasses.dataclass))

    assert _answer(lambda: ask(ours)) == _answer(lambda: ask(theirs))


def _word(make: Maker) -> Any:
    class Word:
        text: str

        def __eq__(self, other: object) -> bool:
            return str(self.text).lower() == str(getattr(other, "text", "")).lower()

        def __repr__(self) -> str:
            return f"<{self.text}>"

    return make(frozen=True)(Word)


@pytest.mark.parametrize("make", [dataclass, dataclasses.dataclass])
def test_a_class_keeps_the_methods_of_its_own(make: Maker) -> None:
    word = _word(make)

    assert (word("a"), repr(word("a"))) == (word("A"), "<a>")
    assert hash(word("a")) == hash(word("a")) != hash(word("A"))


def _family(make: Maker) -> tuple[Any, Any, Any]:
    class Base:
        name: str

    Base = make(frozen=True)(Base)  # type: ignore[misc]

    class Derived(Base):
        usd: int = 1

    Derived = make(frozen=True)(Derived)  # type: ignore[misc]

    class Plain(Derived):
        pass

    return Base, Derived, Plain


@pytest.mark.parametrize("make", [dataclass, dataclasses.dataclass])
def test_a_class_that_inherits_has_the_fields_of_both(make: Maker) -> None:
    base, derived, plain = _family(make)

    assert astuple(derived("a")) == ("a", 1)
    assert derived("a") != base("a")
    assert plain("a") == plain("a", 1)
    assert repr(plain("b", 2)).rpartition(".")[2] == "Plain(name='b', usd=2)"


def _is_written(cls: Any) -> bool:
    return bool(cls.__init__.__code__.co_filename != module.__file__)


def test_a_class_has_its_fields_at_once_and_its_methods_when_one_is_called() -> None:
    @dataclass(frozen=True)
    class Rate:
        usd: int

    assert [one.name for one in fields(Rate)] == ["usd"]
    assert not _is_written(Rate)

    first = Rate(1)

    assert _is_written(Rate)
    assert first == Rate(1)


def test_threads_that_meet_at_a_new_class_all_get_their_values() -> None:
    for _ in range(20):

        @dataclass(frozen=True, slots=True)
        class Rate:
            usd: int

        barrier = threading.Barrier(8)
        found: list[int] = []

        def make(
            usd: int,
            kind: type[Rate] = Rate,
            barrier: threading.Barrier = barrier,
            found: list[int] = found,
        ) -> None:
            barrier.wait()
            found.append(kind(usd).usd)

        threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(found) == list(range(8))


@dataclass(frozen=True, slots=True)
class Kept:
    """Can be pickled: its class has a name of a module."""

    name: str
    usd: int = 1


def test_an_instance_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(Kept("a", 2))) == Kept("a", 2)
    with pytest.raises(FrozenInstanceError):
        Kept("a").usd = 3  # type: ignore[misc]


def test_every_class_of_the_functions_has_methods_that_can_be_written() -> None:
    written = 0
    for found in pkgutil.walk_packages(thriftline.__path__, "thriftline."):
        if found.name.startswith("thriftline.handlers."):
            continue  # They read their environment; what they import is walked through.
        loaded = importlib.import_module(found.name)
        for one in vars(loaded).values():
            if isinstance(one, type) and "__dataclass_fields__" in vars(one):
                # What the standard library refuses at a definition is refused here.
                assert vars(one)["__eq__"](object(), None) in {NotImplemented, False}
                written += one.__module__ == found.name
    assert written > 500
