"""Who calls, as it is recorded: the ARN that API Gateway verified, and a person's name behind it.

People of the hosted page share two roles, and Cognito names every session of them
CognitoIdentityCredentials: the ARN alone would make all of them one person. API Gateway also says
which person of which user pool the credentials were given to.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from thriftline.core.errors import ThriftlineError
from thriftline.core.observability import logger

UNKNOWN = "unknown"
_SIGNED_IN = re.compile(r"[^,]*/(?P<pool>[\w-]+):CognitoSignIn:(?P<subject>[0-9A-Za-z-]{1,64})")
# What ends an ARN is taken for the name, so a name has no slash.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+=?^_`{|}~@-]{3,128}")


def caller_of(identity: Mapping[str, Any], pool: str, address_of: Callable[[str], str]) -> str:
    """Returns who signed a request; ``unknown`` where nobody did.

    Args:
        identity: of the request's context, as API Gateway sends it.
        pool: the user pool of the hosted page; empty where there is none.
        address_of: returns the mail address of a person of the pool, or raises ThriftlineError.
    """
    arn = str(identity.get("userArn") or UNKNOWN)
    given_to = str(identity.get("cognitoIdentityId") or "")
    if arn == UNKNOWN or not given_to:
        return arn
    return f"{arn}/{_person(identity, pool, address_of) or given_to}"


def _person(identity: Mapping[str, Any], pool: str, address_of: Callable[[str], str]) -> str:
    """Returns the person's address, else the id in the pool; empty for one of another provider."""
    given = str(identity.get("cognitoAuthenticationProvider") or "")
    found = _SIGNED_IN.fullmatch(given.rpartition(",")[2])
    if found is None or not pool or found["pool"] != pool:
        return ""
    try:
        address = address_of(found["subject"])
    except ThriftlineError as error:
        # The id is as true, if less telling.
        logger.warning("a person's address is not known", error=type(error).__name__)
        return found["subject"]
    return address if _ADDRESS.fullmatch(address) else found["subject"]
