"""What a workspace is asked with: its address, and a service principal's id and secret."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thriftline.core.aws.secrets import Secret
from thriftline.core.errors import InvalidStackParameterError

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORM = '{"host": "dbc-….cloud.databricks.com", "client_id": "…", "client_secret": "…"}'


class Credentials(BaseModel):
    """The secret's JSON. Nothing of it is ever shown."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)

    @property
    def address(self) -> str:
        """Where the workspace is asked, without a slash at the end."""
        text = self.host.strip().rstrip("/")
        return text if "://" in text else f"https://{text}"


def credentials_of(secret: Secret) -> Credentials:
    """Reads the secret that the stack's parameter ``DatabricksSecretArn`` names.

    Raises:
        InvalidStackParameterError: it does not hold what a workspace is asked with.
    """
    try:
        found = Credentials.model_validate_json(secret.text())
    except ValidationError:
        secret.forget()
        # The text of the error may hold the secret.
        raise _unusable(f"it must hold JSON such as {_FORM}") from None
    if not _may_be_asked(found.address):
        secret.forget()
        raise _unusable("its host must be the https address of a workspace, without a path")
    return found


def _unusable(why: str) -> InvalidStackParameterError:
    return InvalidStackParameterError(
        f"DatabricksSecretArn: the secret cannot be used: {why}. Nothing was started."
    )


def _may_be_asked(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.path or parts.query or parts.fragment:
        return False
    if any(letter.isspace() for letter in address):
        return False
    # Plain HTTP would show the secret to the network; on this machine there is none.
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
