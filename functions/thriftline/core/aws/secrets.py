"""Secrets: the stack's own, and those that people keep for it."""

from typing import TYPE_CHECKING

from thriftline.core.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


class Secret:
    """One secret of Secrets Manager, read once by each function that is warm."""

    def __init__(
        self, client: "SecretsManagerClient", arn: str, doing: str = "reading a secret"
    ) -> None:
        self._client = client
        self._arn = arn
        self._doing = doing
        self._text: str | None = None

    def forget(self) -> None:
        """Lets the secret be read again: somebody may have put another in its place."""
        self._text = None

    def text(self) -> str:
        """Returns the secret."""
        if self._text is None:
            with translated(self._doing):
                self._text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        return self._text
