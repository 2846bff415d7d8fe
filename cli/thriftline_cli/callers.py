"""What people call whom an ARN or an account names; records keep the ARN itself."""

import re
from typing import Any

_ACCOUNT = re.compile(r"\d{12}")
_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>\d*):(?P<rest>.+)", re.DOTALL)
_UNKNOWN = "-"


def name_of(caller: Any) -> str:
    """Returns the person's or session's name, or the account where no more is known of it."""
    text = str(caller or "").strip()
    if _ACCOUNT.fullmatch(text):
        return f"account {text}"
    arn = _ARN.fullmatch(text)
    if arn is None:
        return text.rpartition("/")[2] or _UNKNOWN
    if arn["rest"] == "root":
        return f"root of account {arn['account']}"
    return arn["rest"].rpartition("/")[2] or text
