"""What a command needs before it is typed, and what stands for a thing of the reader's own."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.integration.documents.world import PROJECT, Audited, Documented

# As the documents call a run of the reader's own.
RUN = "reviews-0123456789abcdef"
_OF_A_WAITING_RUN = ("approvals approve", "approvals reject", "runs stop", "lambda invoke")
# These are of a version, which the documents call 3.
_OF_A_VERSION = ("endpoints deploy", "endpoints compare", "models approve", "models reject")


@dataclass
class Prepared:
    """A command as it can be typed here, and what is done when it has ended."""

    words: list[str]
    tidy: Callable[[], Any] = lambda: None


def of_runs(world: Documented, page: str, words: Sequence[str]) -> Prepared:
    """Prepares a command that is about runs, models and endpoints."""
    what = " ".join(words[1:3])
    places = {
        "PROJECT": PROJECT,
        "mine": "mine",
        "my.csv": "my.csv",
        "DATA": "my.csv",
        "DATA=my.csv": "DATA=my.csv",
        "BUCKET": world.artifacts,
        "ARTIFACTS": world.artifacts,
        "$AWS_ENDPOINT_URL": world.aws.endpoint,
        "RUN": world.waiting_run() if what in _OF_A_WAITING_RUN else world.run_id,
    }
    places[RUN] = places["RUN"]
    if page == "docs/bedrock.md":
        places[PROJECT] = world.answers_on_bedrock
    elif words[1] in ("endpoints", "transform"):
        places[PROJECT] = world.is_served
    if what == "runs submit":
        # The champion of the other is no program's that learns.
        places[PROJECT] = "films"
    if what in _OF_A_VERSION and "--dry-run" not in words and "stop" not in words:
        places["3"] = str(
            world.register("PendingManualApproval" if "models" in what else "Approved")
        )
    # Where the shell would put the answer is not the program's.
    typed = words[: words.index(">")] if ">" in words else words
    made = [_placed(word, places) for word in typed]
    if what == "lambda invoke":
        # A yes names the dollars that its person saw.
        made = [re.sub(r'(worst_case_usd": )"[\d.]+"', rf'\1"{world.asked_usd}"', x) for x in made]
    return Prepared(made, _set_up(world, what, words))


def _set_up(world: Documented, what: str, words: Sequence[str]) -> Callable[[], Any]:
    """Makes what a command is about; returns what takes its effect away."""
    if what == "approvals list":
        world.waiting_run()
    if what == "endpoints compare" and "stop" not in words:
        return world.end_comparison
    if what == "endpoints compare":
        world.compare()
    if what == "endpoints abort":
        return world.deployment_under_way()
    return world.clear_schedule if what == "endpoints schedule" else lambda: None


def of_audits(world: Audited, _page: str, words: Sequence[str]) -> Prepared:
    """Prepares a command that is about audits."""
    places: Mapping[str, str] = {
        "NAME": world.endpoint,
        "FINDING ID": world.finding,
        "COST_AUDIT_ARN": world.aws.outputs["CostAuditStateMachineArn"],
    }
    return Prepared([_placed(word, places) for word in words])


def _placed(word: str, places: Mapping[str, str]) -> str:
    if word in places:
        return places[word]
    for name in ("BUCKET", "ARTIFACTS", RUN):
        if name in places:
            word = word.replace(name, places[name])
    return word
