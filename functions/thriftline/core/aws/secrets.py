"""Secrets that the stack made for itself."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Secret:
    """One secret of Secrets Manager, read once by each function that is warm."""

    def __init__(self, client: "SecretsManagerClient", arn: str) -> None:
        self._client = client
        self._arn = arn
        self._text: str | None = None

    def text(self) -> str:
        """Returns the secret."""
        if self._text is None:
            with translated("reading the key of the approval links"):
                self._text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        return self._text
