"""What an attempt's things are called on Bedrock, and the tokens by which a call counts once.

Bedrock keeps a name for ever: a stopped job has it too. So names follow the attempt's, and each
kind has a pattern of its own that the SDK does not check.
"""

import hashlib
import re

_LONGEST = 63
_DIGEST = 8
_SEPARATORS = re.compile(r"[^0-9A-Za-z]+")


def model_name(attempt: str) -> str:
    """Returns the custom model's name: no two separators in a row, as a project may have them."""
    return _separated(attempt)


def evaluation_deployment_name(attempt: str, owner: str = "") -> str:
    """Returns the name of the deployment that exists only while the attempt is evaluated.

    ``owner`` is set for a model that is asked beside the attempt's own.
    """
    return _fitted(f"{_separated(attempt)}-{owner or 'own'}-eval")


def throughput_name(attempt: str) -> str:
    """Returns the name of the provisioned throughput of an attempt's model."""
    return _fitted(f"{_separated(attempt)}-units")


def standing_deployment_name(stack: str, project: str) -> str:
    """Returns the name of the deployment that answers for a project, whichever model it has."""
    return _fitted(f"{stack}-{project}", distinct=True)


def schedule_name(attempt: str) -> str:
    """Returns the name of the schedule that ends an attempt's provisioned throughput."""
    return f"throughput-{hashlib.sha256(attempt.encode()).hexdigest()[:32]}"


def client_token(run_id: str, attempt: str, what: str = "") -> str:
    """Returns the same token for the same thing, so that a repeated call makes nothing twice."""
    return hashlib.sha256(f"{run_id} {attempt}{f' {what}' if what else ''}".encode()).hexdigest()


def _separated(name: str) -> str:
    return _SEPARATORS.sub("-", name).strip("-")


def _fitted(name: str, *, distinct: bool = False) -> str:
    """Cuts a name to Bedrock's length; a digest keeps apart what would become the same."""
    clean = _separated(name)
    if len(clean) <= _LONGEST and not (distinct and clean != name):
        return clean
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]
    return f"{clean[: _LONGEST - _DIGEST - 1].rstrip('-')}-{digest}"
