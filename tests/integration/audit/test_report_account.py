"""The report's account, read through AWS's APIs alone, tells what is known of it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from local_aws.accounts.reading import REPORT_ACCOUNT, read_account
from local_aws.server import EmbeddedAws
from tests.integration.audit.auditing import Auditor, planned_for, told_of
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.unit.audit.report_account import HAIKU, NOW, report_account
from thriftline.audit.domain.audit import Audit
from thriftline.audit.domain.costs import Service
from thriftline.audit.domain.facts import ResourceKind
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory


@pytest.fixture(scope="module")
def found() -> Iterator[Inventory]:
    """The inventory that the collectors make of it."""
    account = read_account(REPORT_ACCOUNT)
    with pytest.MonkeyPatch.context() as patch, EmbeddedAws(options_of(account)) as aws:
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield Auditor(
            aws,
            OnceClients(account.region, functions=("CollectPartFunction",)),
            account.account_id,
            NOW,
        ).inventory()


@pytest.fixture(scope="module")
def told(found: Inventory) -> Audit:
    return told_of(found)


def test_everything_was_read(found: Inventory, told: Audit) -> None:
    assert found.unread == ()
    assert [one for one in told.unknown if one.kind is not ResourceKind.BUCKET] == []
    assert found.collected == frozenset(ResourceKind)


def test_resources_are_those_that_were_written_by_hand(found: Inventory) -> None:
    expected = report_account()
    for name in ("billable_seconds", "started", "ended", "instance_type", "status"):
        assert {job.name: getattr(job, name) for job in found.training_jobs} == {
            job.name: getattr(job, name) for job in expected.training_jobs
        }

    def names(inventory: Inventory) -> set[tuple[str, str, tuple[str, ...]]]:
        return {
            (one.name, one.status, tuple(variant.name for variant in one.variants))
            for one in inventory.endpoints
        }

    assert names(found) == names(expected)
    assert found.bedrock == expected.bedrock


def test_verdicts_are_those_of_the_report(told: Audit) -> None:
    said = {one.endpoint: str(one.verdict) for one in told.idleness}
    assert {name: said[name] for name in said if "failed" not in name} == {
        "llama3-endpoint-1": "idle",
        "model-endpoint-2": "in use",
        "llama3-endpoint-3": "in use",
        "qwen-vl-endpoint-4": "quiet",
    }


def test_training_failures_tokens_and_bytes_are_right(found: Inventory, told: Audit) -> None:
    jobs = [cost.usd for cost in told.costs if cost.kind is ResourceKind.TRAINING_JOB]
    assert len(jobs) == 9
    assert round(sum(usd for usd in jobs if usd is not None), 2) == Decimal("8.30")
    (failures,) = [one for one in told.findings if one.rule == "ml.sagemaker.training.failure-rate"]
    assert failures.summary.startswith("8 of 9 jobs failed")
    (tokens,) = [one for one in told.findings if one.rule == "ml.bedrock.tokens.use"]
    assert tokens.resource == HAIKU
    assert "98,520,000 tokens in, 22,648,000 out" in tokens.summary
    # The stack's own buckets are new: they are listed, and hold next to nothing.
    sizes = [one.bytes_by_storage_type for one in found.buckets]
    assert all(isinstance(size, dict) for size in sizes)
    stored = sum(sum(size.values()) for size in sizes if isinstance(size, dict))
    assert 0 <= stored - 306_410_000_000 < 1_000_000


def test_the_residual_is_shown_against_the_bill(told: Audit) -> None:
    row = told.reconciliation.row(Service.SAGEMAKER)
    assert row is not None
    assert row.billed_usd == Decimal("9285.50")
    assert round(row.residual_usd or 0, 2) == Decimal("1843.38")


def test_only_the_idle_endpoint_is_to_be_terminated(found: Inventory) -> None:
    plan = planned_for(found)
    ends = [one for one in plan.actions if one.action is ActionKind.TERMINATE_ENDPOINT]
    assert [one.resource for one in ends] == ["llama3-endpoint-1"]


def test_prefixes_and_uploads_are_as_large_as_the_file_says(found: Inventory) -> None:
    (store,) = [one for one in found.buckets if one.name == "sagemaker-us-west-2-123456789012"]
    assert isinstance(store.prefixes, tuple)
    sizes = {one.prefix: one.size_bytes for one in store.prefixes}
    assert sizes["checkpoints/"] == 121_700_000_000
    assert isinstance(store.incomplete_uploads, tuple)
    (upload,) = store.incomplete_uploads
    assert (upload.key, upload.size_bytes) == ("training-data/shard-0042.parquet", 1_900_000_000)
