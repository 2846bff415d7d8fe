"""Who calls, as it is recorded: the ARN that API Gateway verified, and a person's name behind it.

People of the hosted page share two roles, and Cognito names every session of them
CognitoIdentityCredentials: the ARN alone would make all of them one person. API Gateway also says
which person of which user pool the credentials were given to.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError
from thriftline.core.observability import logger

UNKNOWN = "unknown"
_SIGNED_IN = re.compile(r"[^,]*/(?P<pool>[\w-]+):CognitoSignIn:(?P<subject>[0-9A-Za-z-]{1,64})")
# What ends an ARN is taken for the name, so a name has no slash.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+=?^_`{|}~@-]{3,128}")


@dataclass(frozen=True)
class Caller:
    """Who signed a request.

    ``key`` is of the request alone: the same at each of a person's requests, whatever the user pool
    answers. ``name`` is what is recorded and what members are named by. ``is_named`` is false where
    the pool did not answer, so that another request of the person may have another name.
    ``is_there`` is false for whom the pool does not have (any more): credentials that were given to
    somebody go on for up to an hour after the person was removed.
    """

    key: str
    name: str
    is_named: bool = True
    is_there: bool = True


def caller_of(
    identity: Mapping[str, Any], pool: str, address_of: Callable[[str], str | None]
) -> Caller:
    """Returns who signed a request; ``unknown`` where nobody did.

    Args:
        identity: of the request's context, as API Gateway sends it.
        pool: the user pool of the hosted page; empty where there is none.
        address_of: returns the mail address of a person of the pool, None where the pool has none
            such, or raises ThriftlineError.
    """
    arn = str(identity.get("userArn") or UNKNOWN)
    given_to = str(identity.get("cognitoIdentityId") or "")
    if arn == UNKNOWN or not given_to:
        return Caller(arn, arn)
    subject = _subject(identity, pool)
    key = f"{arn}/{subject or given_to}"
    if not subject:
        return Caller(key, key)
    try:
        address = address_of(subject)
    except ThriftlineError as error:
        logger.warning("a person's address is not known", error=type(error).__name__)
        return Caller(key, key, is_named=False)
    if address is None:
        return Caller(key, key, is_there=False)
    return Caller(key, f"{arn}/{address}" if _ADDRESS.fullmatch(address) else key)


def _subject(identity: Mapping[str, Any], pool: str) -> str:
    """Returns the person's id in the pool; empty for one of another provider."""
    given = str(identity.get("cognitoAuthenticationProvider") or "")
    found = _SIGNED_IN.fullmatch(given.rpartition(",")[2])
    return found["subject"] if found is not None and pool and found["pool"] == pool else ""
