"""What an experiment is called, and where its documents lie."""

import hashlib
import re
from datetime import UTC, datetime

EXPERIMENT_ID = re.compile(r"x-\d{8}T\d{6}-[0-9a-f]{8}")
ITEMS = "experiment#"


def token_digest(token: str) -> str:
    """Returns the digits by which the same request is known again."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def experiment_id(token: str, begun: datetime) -> str:
    """Returns the id of an experiment whose execution began then."""
    return f"x-{begun.astimezone(UTC):%Y%m%dT%H%M%S}-{token_digest(token)}"


def experiment_item(experiment: str) -> str:
    """Returns the table's item of an experiment."""
    return f"{ITEMS}{experiment}"


def experiment_folder(endpoint: str, experiment: str) -> str:
    """Returns the prefix of an experiment's documents in the artifacts bucket."""
    return f"serving/{endpoint}/experiments/{experiment}/"


def plan_key(endpoint: str, experiment: str) -> str:
    """Returns the key of what was fixed before the first request."""
    return f"{experiment_folder(endpoint, experiment)}experiment.json"


def state_key(endpoint: str, experiment: str) -> str:
    """Returns the key of what was counted so far."""
    return f"{experiment_folder(endpoint, experiment)}state.json"


def progress_key(endpoint: str, experiment: str) -> str:
    """Returns the key of the result as it stands while the experiment runs."""
    return f"{experiment_folder(endpoint, experiment)}progress.json"


def result_key(endpoint: str, experiment: str) -> str:
    """Returns the key of how the experiment ended."""
    return f"{experiment_folder(endpoint, experiment)}result.json"


def disagreements_key(endpoint: str, experiment: str) -> str:
    """Returns the key of the list to label."""
    return f"{experiment_folder(endpoint, experiment)}disagreements.jsonl"


def answers_key(endpoint: str, experiment: str, hour: datetime) -> str:
    """Returns the key of what both models answered in an hour, by request."""
    return f"{experiment_folder(endpoint, experiment)}answers/{hour:%Y%m%dT%H}.jsonl"
