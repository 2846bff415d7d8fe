"""Who asks: the account behind a request's credentials, and the region it was signed for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.iam import models as iam_models

_UNSIGNED_REGION = "us-east-1"


@dataclass(frozen=True)
class Caller:
    """Whose call it is and where it goes."""

    account: str
    region: str


def credential_scope(environ: Mapping[str, Any]) -> list[str]:
    """Return key, date, region, service and terminator of a request, or nothing if unsigned."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0]
    if not scope:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        scope = query.get("X-Amz-Credential", [""])[0]
    parts = str(scope).split("/")
    return parts if len(parts) == 5 else []


def caller_of(environ: Mapping[str, Any]) -> Caller:
    """Return who signed a request; keys that AssumeRole did not give are of the home account."""
    scope = credential_scope(environ)
    if not scope:
        return Caller(iam_models.get_account_id_from(""), _UNSIGNED_REGION)
    return Caller(iam_models.get_account_id_from(scope[0]), scope[2])


def set_home_account(hooks: Any, account: str) -> None:
    """Let credentials that belong to nobody else be those of `account`, in moto as well."""

    def get_account_id_from(access_key: str) -> str:
        # Requests of other threads may add accounts meanwhile.
        for number, partitions in list(iam_models.iam_backends.items()):
            if any(access_key in each.access_keys for each in list(partitions.values())):
                return str(number)
        return account

    hooks.replace(iam_models, "get_account_id_from", get_account_id_from)
