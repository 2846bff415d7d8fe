"""Every call that collecting makes is made to fail in turn: it is told, and nothing follows.

Which calls those are is recorded from a run without faults, so that none can be forgotten.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from local_aws.accounts.reading import parse_account
from local_aws.http.faults import CUT, AwsFault
from local_aws.server import EmbeddedAws
from tests.integration.audit.auditing import Auditor, planned_for, told_of
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.conftest import options_of
from tests.integration.local_aws.sample_account import (
    ACCOUNT,
    NOW,
    REGION,
    ago,
    endpoint,
    invocations,
    sample_account,
    variant,
)
from thriftline.audit.domain.findings import ActionKind
from thriftline.audit.domain.inventory import Inventory
from thriftline.audit.domain.parts import Part
from thriftline.audit.domain.resource_kinds import KINDS
from thriftline.audit.domain.unknowns import has_unread

# What the steps themselves do with the artifacts bucket.
_OWN = {("s3", "GetObject"), ("s3", "PutObject")}
# User-Agent of the collectors' clients.
_CALLER = "thriftline-audit"
_FAILURES = {
    "throttled": ("ThrottlingException", 400),
    "denied": ("AccessDeniedException", 403),
    "5xx": ("InternalFailure", 500),
    "cut": ("none", CUT),
}
Call = tuple[str, str]


def _account() -> dict[str, Any]:
    """The sample account without its own errors, and with something to act on of each kind."""
    sample = sample_account(api_errors=[], metric_errors=[])
    component = {"created": ago(days=90), "last_modified": ago(days=90)}
    sample["endpoints"] += [
        endpoint(
            "idle",
            variant("only"),
            scaling=[
                {
                    "resource_id": "endpoint/idle/variant/only",
                    "dimension": "sagemaker:variant:DesiredInstanceCount",
                    "min": 1,
                    "max": 2,
                }
            ],
        ),
        endpoint(
            "idle-component",
            variant("host", model=None),
            inference_components=[{"name": "asleep", "variant": "host", **component}],
        ),
    ]
    silence = [0.0] * 30
    sample["metrics"] += [
        invocations({"EndpointName": "idle", "VariantName": "only"}, *silence),
        invocations({"EndpointName": "idle-component", "VariantName": "host"}, *silence),
        invocations({"InferenceComponentName": "asleep"}, *silence),
    ]
    return sample


@dataclass
class Run:
    """A run without faults: which calls each step made, and what would be done then."""

    auditor: Auditor
    calls: dict[Part | None, set[Call]] = field(default_factory=dict)
    planned: set[tuple[str, str]] = field(default_factory=set)

    def record(self) -> None:
        """Collects, assembles and plans, and remembers all of it."""
        self.auditor.open()
        for part in Part:
            self.calls[part] = self._recorded(partial(self.auditor.collect_one, part))
        self.calls[None] = self._recorded(self.auditor.assemble)
        self.planned = _actions(self.auditor.assemble())

    def _recorded(self, work: Callable[[], object]) -> set[Call]:
        before = Counter(self.auditor.aws.calls)
        work()
        return set(self.auditor.aws.calls - before) - _OWN

    def under(self, part: Part | None, *faults: AwsFault) -> tuple[Inventory, set[Call]]:
        """Returns the inventory, and the calls, when one step (None: assembling) meets faults."""
        for fault in faults:
            self.auditor.aws.faults.add(fault)
        if part is None:
            found, calls = self.auditor.assemble(), set()
        else:
            with self.auditor.kept(part):
                calls = self._recorded(partial(self.auditor.collect_one, part))
                self.auditor.aws.faults.clear()
                found = self.auditor.assemble()
        self.auditor.aws.faults.clear()
        return found, calls


def _actions(found: Inventory) -> set[tuple[str, str]]:
    return {(one.action, one.resource) for one in planned_for(found).actions}


def _fault(call: Call, failure: str) -> AwsFault:
    code, status = _FAILURES[failure]
    return AwsFault(*call, code, status, times=None, caller=_CALLER)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    loaded = parse_account(_account(), "account with waste")
    with pytest.MonkeyPatch.context() as patch, EmbeddedAws(options_of(loaded)) as aws:
        for name, value in (("ENDPOINT_URL", aws.endpoint), ("ACCESS_KEY_ID", "a")):
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_SECRET_ACCESS_KEY", "b")
        clients = OnceClients(REGION, functions=("CollectPartFunction",))
        recorded = Run(Auditor(aws, clients, ACCOUNT, NOW))
        recorded.record()
        yield recorded


@pytest.fixture
def endpoint_url(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that are made in a test find the embedded AWS too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", run.auditor.aws.endpoint)


def _check(run: Run, found: Inventory, call: Call) -> None:
    """What failed is told by its name, and no action follows that there would not be without."""
    told = told_of(found)
    assert call[1] in {one.operation for one in told.unknown}, call
    planned = _actions(found)
    assert planned <= run.planned, (call, planned - run.planned)
    unknown = {one.name for one in found.endpoints if has_unread(one)}
    ended = {name for action, name in planned if action == ActionKind.TERMINATE_ENDPOINT}
    assert not ended & unknown, call


def test_without_faults_there_is_something_to_end_and_nothing_unknown(run: Run) -> None:
    ends = {name for action, name in run.planned if action == ActionKind.TERMINATE_ENDPOINT}
    assert ends == {"idle", "idle-component"}
    assert len({action for action, _ in run.planned}) >= 4
    assert sum(map(len, run.calls.values())) >= 30


@pytest.mark.parametrize("failure", _FAILURES)
@pytest.mark.parametrize("part", [*Part, None])
@pytest.mark.usefixtures("endpoint_url")
def test_a_call_that_fails_is_told_and_leads_to_no_action(
    run: Run, part: Part | None, failure: str
) -> None:
    assert run.calls[part]
    for call in sorted(run.calls[part]):
        found, _ = run.under(part, _fault(call, failure))
        _check(run, found, call)


@pytest.mark.parametrize("failure", _FAILURES)
@pytest.mark.usefixtures("endpoint_url")
def test_jobs_are_described_one_by_one_when_search_fails_and_then_each_call_fails_too(
    run: Run, failure: str
) -> None:
    search = ("sagemaker", "Search")
    found, calls = run.under(Part.JOBS, _fault(search, failure))
    _check(run, found, search)
    assert {job.name for job in found.training_jobs} == {"done", "spot", "running"}
    more = calls - run.calls[Part.JOBS]
    assert {name for _, name in more} >= {"ListTrainingJobs", "DescribeTrainingJob"}
    for call in sorted(more):
        found, _ = run.under(Part.JOBS, _fault(search, failure), _fault(call, failure))
        _check(run, found, call)


@pytest.mark.usefixtures("endpoint_url")
def test_a_collector_that_left_nothing_makes_its_kinds_unknown(run: Run) -> None:
    for part in Part:
        with run.auditor.kept(part) as key:
            for broken in (None, b'{"inventory": {}}'):
                run.auditor.artifacts.delete_prefix(key)
                if broken is not None:
                    run.auditor.artifacts.write(key, broken, "application/json")
                found = run.auditor.assemble()
                assert {one.kind for one in found.unread if one.resource == "*"} == KINDS[part]
                assert _actions(found) <= run.planned
    assert _actions(run.auditor.assemble()) == run.planned


@pytest.mark.usefixtures("endpoint_url")
def test_the_same_step_again_gives_the_same_document(run: Run) -> None:
    first = run.auditor.assemble()
    run.auditor.collect()
    again = run.auditor.assemble()
    # The audit's own bucket grows with each of its steps.
    own = run.auditor.artifacts.name
    for found in (first, again):
        assert own in {bucket.name for bucket in found.buckets}
    assert _without(again, own) == _without(first, own)


def _without(found: Inventory, bucket: str) -> Inventory:
    return replace(found, buckets=tuple(one for one in found.buckets if one.name != bucket))
