"""Plain English for what rules say: numbers with their nouns."""

_ES = ("x", "s")


def counted(number: float, noun: str) -> str:
    """Returns ``no invocations``, ``1 invocation`` or ``2,000 invocations``."""
    if number == 1:
        return f"1 {noun}"
    plural = f"{noun}{'es' if noun.endswith(_ES) else 's'}"
    return f"no {plural}" if number == 0 else f"{number:,.0f} {plural}"


def sentence(text: str) -> str:
    """Returns a text with its first letter as a capital."""
    return f"{text[:1].upper()}{text[1:]}"
