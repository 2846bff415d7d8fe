"""What personal data looks like: e-mail addresses, payment cards, bank accounts, telephones."""

import re
from typing import Final

EMAIL: Final = re.compile(rb"@(?<=[A-Za-z0-9_%+-]@)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
CARD: Final = re.compile(
    rb"\b(?:3[47]\d\d[ -]?\d{6}[ -]?\d{5}|[2-6]\d{3}[ -]?\d{4}[ -]?\d{4}[ -]?\d{1,7})\b"
)
IBAN: Final = re.compile(rb"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
PHONE: Final = re.compile(rb"\+(?:[1-9](?:[ ().-]{0,2}\d){7,14})(?!\d)")
LOCAL_PHONE: Final = re.compile(rb"\b\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}\b")
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_VALUES: Final = {
    ord(mark): str(value) for value, mark in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}


def holds_personal_data(text: str) -> bool:
    """Whether one string, such as a label, looks like personal data."""
    data = text.encode(errors="replace")
    if any(pattern.search(data) for pattern in (EMAIL, PHONE, LOCAL_PHONE)):
        return True
    cards = (match.group() for match in CARD.finditer(data))
    ibans = (match.group() for match in IBAN.finditer(data))
    return any(map(luhn_holds, cards)) or any(map(iban_holds, ibans))


def luhn_holds(card: bytes) -> bool:
    """The check digit of payment cards."""
    digits = card.translate(None, b" -")
    if not 13 <= len(digits) <= 19:
        return False
    plain, doubled = digits[-1::-2], digits[-2::-2].translate(_DOUBLED)
    return (sum(plain) - 48 * len(plain) + sum(doubled)) % 10 == 0


def iban_holds(iban: bytes) -> bool:
    """The check digits of ISO 13616."""
    plain = iban.replace(b" ", b"")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(map(_VALUES.__getitem__, plain[4:] + plain[:4]))) % 97 == 1
