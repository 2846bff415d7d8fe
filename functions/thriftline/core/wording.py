"""Plain English for what people read: numbers with their nouns."""

_ES = ("x", "s", "tch", "sh")
_VOWELS = "aeiou"


def counted(number: float, noun: str) -> str:
    """Returns ``no invocations``, ``1 invocation``, ``2,000 invocations`` or ``2 entries``."""
    if format(number, ".0f") == "1":
        return f"1 {noun}"
    return f"{'no' if number == 0 else format(number, ',.0f')} {_plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith(_ES):
        return f"{noun}es"
    if noun.endswith("y") and noun[-2:-1] not in _VOWELS:
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def sentence(text: str) -> str:
    """Returns a text with its first letter as a capital."""
    return f"{text[:1].upper()}{text[1:]}"


def ended(text: str) -> str:
    """Returns what another program said as the end of a sentence, with one full stop."""
    return f"{text.rstrip().rstrip('.')}."
