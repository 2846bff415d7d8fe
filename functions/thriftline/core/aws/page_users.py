"""The people who may sign in to the hosted page, as its user pool knows them."""

from typing import Any

from thriftline.core.aws.clients import translated


class PageUsers:
    """Looks people up, each once."""

    def __init__(self, client: Any, pool: str) -> None:
        self._client = client
        self._pool = pool
        self._known: dict[str, str] = {}

    def address_of(self, subject: str) -> str:
        """Returns the mail address that a person signs in with; empty where there is none.

        Args:
            subject: who it is, by the ``sub`` of the person's tokens.

        Raises:
            ThriftlineError: Cognito was not reached, or knows nobody of this id.
        """
        if subject not in self._known:
            with translated("AdminGetUser"):
                found = self._client.admin_get_user(UserPoolId=self._pool, Username=subject)
            attributes = {one["Name"]: one.get("Value", "") for one in found["UserAttributes"]}
            self._known[subject] = attributes.get("email", "")
        return self._known[subject]
