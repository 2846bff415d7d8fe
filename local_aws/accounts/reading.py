"""Reads account files, and says what is wrong with one: file, place, rule, mend."""

import dataclasses
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from local_aws.accounts.file import AccountFile, AccountFileError, Entry
from local_aws.options import ROOT, Options

LOG = logging.getLogger(__name__)

# The account of the cost report that this project starts from.
REPORT_ACCOUNT = ROOT / "local_aws/accounts/report_account.json"

_MENDS = {
    "missing": "add the field",
    "timezone_aware": "write the time in UTC, such as 2025-11-03T12:00:00Z",
    "datetime_parsing": "write the time as ISO 8601 in UTC, such as 2025-11-03T12:00:00Z",
    "datetime_from_date_parsing": "write the time as ISO 8601 in UTC, such as 2025-11-03T12:00:00Z",
    "date_from_datetime_parsing": "write the day as 2025-11-03",
    "list_type": "write a list, [] if there is nothing",
}


def with_accounts(options: Options, paths: Iterable[Path], *, region: str | None = None) -> Options:
    """Return options under which account files are loaded beside the stack.

    The stack is deployed in the account of the first file, and in its region unless `region` is
    another.

    Raises:
        AccountFileError: a file cannot be read, or they cannot stand side by side.
    """
    accounts = read_accounts(paths)
    if not accounts:
        return options
    first = accounts[0]
    return dataclasses.replace(
        options, account=first.account_id, region=region or first.region, accounts=accounts
    )


def read_account(path: Path) -> AccountFile:
    """Read one account file.

    Raises:
        AccountFileError: it cannot be read, is not JSON, or breaks a rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text, parse_float=Decimal)
    except OSError as error:
        raise AccountFileError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise AccountFileError(f"{path} is not JSON: {error}") from error
    return parse_account(document, str(path))


def parse_account(document: Any, label: str) -> AccountFile:
    """Check what an account file holds; `label` names it in errors.

    Raises:
        AccountFileError: it breaks a rule.
    """
    try:
        account = AccountFile.model_validate(document)
    except ValidationError as error:
        problems = "; ".join(_problem(each) for each in error.errors()[:5])
        more = f"; and {error.error_count() - 5} more" if error.error_count() > 5 else ""
        raise AccountFileError(f"{label}: {problems}{more}") from error
    for place in _unknown_fields(account, ""):
        LOG.warning("%s: %s is no field of account files and is not looked at", label, place)
    return account


def read_accounts(paths: Iterable[Path]) -> list[AccountFile]:
    """Read account files; a folder stands for the `*.json` in it, in the order of their names.

    Raises:
        AccountFileError: one cannot be read, or they cannot stand side by side.
    """
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            raise AccountFileError(f"{path}: no *.json in this folder; put account files there")
        files += found
    accounts = [read_account(path) for path in files]
    _check_together(list(map(str, files)), accounts)
    return accounts


def _check_together(labels: Sequence[str], accounts: Sequence[AccountFile]) -> None:
    places: dict[tuple[str, str], str] = {}
    for label, account in zip(labels, accounts, strict=True):
        if account.now != accounts[0].now:
            raise AccountFileError(
                f"{label}: now is {account.now:%Y-%m-%dT%H:%M:%SZ}, but {labels[0]} has "
                f"{accounts[0].now:%Y-%m-%dT%H:%M:%SZ}; there is one clock: give all the same now"
            )
        place = (account.account_id, account.region)
        if place in places:
            raise AccountFileError(
                f"{label}: account {place[0]} in {place[1]} is in {places[place]} already; "
                "give each account and region one file"
            )
        places[place] = label


def _problem(error: Any) -> str:
    place = ""
    for part in error["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    rule = error["msg"].removeprefix("Value error, ")
    given = "" if error["type"] in ("missing", "value_error") else f", not {_short(error['input'])}"
    mend = _MENDS.get(error["type"])
    return f"{place + ': ' if place else ''}{rule}{given}{f' ({mend})' if mend else ''}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _unknown_fields(entry: Entry, place: str) -> Iterator[str]:
    yield from (f"{place}{name}" for name in entry.model_extra or ())
    for name in type(entry).model_fields:
        value = getattr(entry, name)
        if isinstance(value, Entry):
            yield from _unknown_fields(value, f"{place}{name}.")
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, Entry):
                    yield from _unknown_fields(each, f"{place}{name}[{index}].")
