"""What AWS clients raise, as one line that says what to do."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, TokenRetrievalError)
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)


def in_one_line(error: BotoCoreError | ClientError) -> str:
    """Return the problem and its remedy."""
    if isinstance(error, _NO_CREDENTIALS):
        return f"No AWS credentials: {_text(error)} Run `aws configure` or `aws sso login`."
    if isinstance(error, NoRegionError):
        return (
            "No AWS region: give --region, or set AWS_REGION; for the embedded AWS, set "
            "AWS_ENDPOINT_URL or give --endpoint-url."
        )
    if isinstance(error, ProfileNotFound):
        return f"{_text(error)} See `aws configure list-profiles`."
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in _EXPIRED:
            return f"AWS does not take these credentials ({code}): run `aws sso login` again."
    return _text(error)


def _text(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."
