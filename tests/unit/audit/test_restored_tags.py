"""A restored endpoint never asks for more tags than SageMaker takes, and loses none of its own."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.unit.audit.accounts import NOW, days_ago
from thriftline.audit.steps.restore_endpoint import RESTORED_TAG, UNFINISHED_TAG
from thriftline.core.aws.endpoints.recreation import Marks, Recreation
from thriftline.core.aws.target_clients import TargetClients
from thriftline.core.saved_endpoint import SavedEndpoint, SavedResource

if TYPE_CHECKING:
    from thriftline.core.aws.executor import Executor


def _copy(tags: dict[str, str]) -> SavedEndpoint:
    facts: dict[str, Any] = {
        "account": "123456789012",
        "region": "us-west-2",
        "role_arn": None,
        "mark_tag": "mark",
        "name": "chat",
        "created": days_ago(60),
        "saved_at": days_ago(1),
        "audit_id": "audit",
        "reason": "idle",
        "endpoint": SavedResource(description={}, tags=tags),
        "config": None,
        "models": (),
        "components": (),
        "targets": (),
    }
    return SavedEndpoint(**facts)


@pytest.mark.parametrize("number", [0, 3, 48, 49, 50])
@pytest.mark.parametrize("marked", [True, False])
def test_no_tag_is_lost_and_none_is_too_many(number: int, marked: bool) -> None:
    own = {f"key-{index}": "value" for index in range(number)}
    tags = own | ({"mark": "2026"} if marked else {}) | {"aws:cloudformation:stack-id": "x"}

    again = Recreation(
        copy=_copy(tags),
        clients=TargetClients("us-west-2"),
        executor=cast("Executor", None),
        marks=Marks(unfinished=UNFINISHED_TAG, finished=RESTORED_TAG),
        now=NOW,
    )
    first, later = again.tags()
    after = {key: value for key, value in (first | later).items() if key != UNFINISHED_TAG}

    assert first[UNFINISHED_TAG] == days_ago(60).isoformat()
    assert len(first) <= 50
    assert len(after) <= 50
    assert after.keys() - {RESTORED_TAG} == own.keys()
    assert (RESTORED_TAG in after) is (number < 50)
