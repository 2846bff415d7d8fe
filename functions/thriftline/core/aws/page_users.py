"""The people who may sign in to the hosted page, as its user pool knows them."""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from thriftline.core.aws.clients import code_of, translated

# Who was removed, or has another address, is known so within this time, however warm a function is.
KNOWN_FOR = timedelta(minutes=5)
_NOBODY = "UserNotFoundException"


class PageUsers:
    """Looks people up, each once in five minutes."""

    def __init__(self, client: Any, pool: str) -> None:
        self._client = client
        self._pool = pool
        self._known: dict[str, tuple[datetime, str]] = {}

    def address_of(self, subject: str, now: datetime) -> str | None:
        """Returns the mail address that a person signs in with; empty where there is none.

        None for whom the pool does not have, or lets in no more.

        Args:
            subject: who it is, by the ``sub`` of the person's tokens.
            now: the time of the request.

        Raises:
            ThriftlineError: Cognito was not reached.
        """
        asked_at, address = self._known.get(subject, (None, ""))
        if asked_at is not None and now - asked_at < KNOWN_FOR:
            return address
        self._known.pop(subject, None)
        found = self._look_up(subject)
        if found is not None:
            self._known[subject] = (now, found)
        return found

    def _look_up(self, subject: str) -> str | None:
        with translated("AdminGetUser"):
            try:
                found = self._client.admin_get_user(UserPoolId=self._pool, Username=subject)
            except ClientError as error:
                if code_of(error) != _NOBODY:
                    raise
                return None
        if not found.get("Enabled", True):
            return None
        attributes = {one["Name"]: one.get("Value", "") for one in found["UserAttributes"]}
        return str(attributes.get("email", ""))
