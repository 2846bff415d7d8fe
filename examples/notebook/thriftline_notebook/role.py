"""Whether the training role may do what the job needs: asked before anything is spent.

The SDK asks IAM about a list of its own, of networks that this job has none of, and refuses a role
of least privilege. These are the job's own places.
"""

from collections.abc import Iterator
from typing import Any

from thriftline_notebook.places import Place, place_of
from thriftline_notebook.retraining import Retraining

_DENIED = ("AccessDenied", "AccessDeniedException")


def questions(retraining: Retraining) -> Iterator[tuple[str, Place]]:
    """Yield each action that the job needs, with a place where it needs it."""
    for channel in retraining.channels.values():
        yield "s3:GetObject", _inside(place_of(channel["data_source"]["s3_uri"]))
    checkpoints = _inside(retraining.checkpoints)
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        yield action, checkpoints
    yield "s3:PutObject", _inside(retraining.output)


def role_problems(iam: Any, retraining: Retraining) -> tuple[str, ...] | None:
    """Return what IAM denies to the role; None where you may not ask IAM.

    Policies of buckets, keys and organisations are not looked at.
    """
    partition = retraining.role.split(":")[1]
    problems = []
    for action, place in questions(retraining):
        try:
            answer = iam.simulate_principal_policy(
                PolicySourceArn=retraining.role,
                ActionNames=[action],
                ResourceArns=[place.arn(partition)],
            )
        except iam.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _DENIED:
                raise
            return None
        decision = answer["EvaluationResults"][0]["EvalDecision"]
        if decision != "allowed":
            problems.append(f"{retraining.role} may not {action} on {place.uri} ({decision})")
    return tuple(problems)


def _inside(place: Place) -> Place:
    """Return an object of a prefix: policies speak of objects."""
    return place if not place.key.endswith("/") else Place(place.bucket, f"{place.key}object")
