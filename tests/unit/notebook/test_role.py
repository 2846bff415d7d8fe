"""The role is asked about the job's own places."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.notebook.documents import BUCKET, CHAMPION, ROLE, RUN_ID, run
from thriftline_notebook.retraining import retraining_of
from thriftline_notebook.role import questions, role_problems

JOB = retraining_of(run(), {"epochs": 5}, champion=CHAMPION)


class FakeIam:
    """IAM that denies some resources, or every question."""

    class exceptions:
        ClientError = ClientError

    def __init__(self, denied: str = "", code: str | None = None) -> None:
        self._denied, self._code = denied, code

    def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:
        assert request["PolicySourceArn"] == ROLE
        if self._code:
            raise ClientError({"Error": {"Code": self._code}}, "SimulatePrincipalPolicy")
        (resource,) = request["ResourceArns"]
        denied = self._denied and self._denied in resource
        return {"EvaluationResults": [{"EvalDecision": "implicitDeny" if denied else "allowed"}]}


def test_it_asks_about_every_channel_the_checkpoints_and_the_output() -> None:
    asked = {(action, place.key) for action, place in questions(JOB)}
    assert ("s3:GetObject", f"scratch/{RUN_ID}/splits/train/object") in asked
    assert ("s3:GetObject", CHAMPION.model_uri.removeprefix(f"s3://{BUCKET}/")) in asked
    assert ("s3:DeleteObject", f"checkpoints/{JOB.retraining_id}/object") in asked
    assert ("s3:PutObject", f"training/{JOB.retraining_id}/object") in asked


def test_what_is_denied_is_named() -> None:
    assert role_problems(FakeIam(), JOB) == ()
    (problem,) = role_problems(FakeIam("base_models"), JOB) or ()
    assert problem == (
        f"{ROLE} may not s3:GetObject on s3://{BUCKET}/base_models/tiny/object (implicitDeny)"
    )


def test_who_may_not_ask_does_not_know() -> None:
    assert role_problems(FakeIam(code="AccessDenied"), JOB) is None
    with pytest.raises(ClientError):
        role_problems(FakeIam(code="Throttling"), JOB)
