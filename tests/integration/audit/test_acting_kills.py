"""The terminator is killed between any two of its calls; what follows is never worse than before.

A kill is an exception that nothing catches, raised when a call's answer has come: the same state
as a function that dies there. Every boundary is met, with one of the two endings in the gate and
with both by make test-thorough, then chains of kills at random.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.config import Config

from local_aws.server import EmbeddedAws
from tests.integration.audit.acting_account import (
    acting_account,
    hosting_endpoint,
    mark,
    plain_endpoint,
)
from tests.integration.audit.acting_world import ActingWorld, acting_options
from tests.integration.audit.clients import OnceClients
from tests.integration.local_aws.sample_account import ACCOUNT, REGION
from thriftline.audit.domain.layout import ACCEPTED_FINDINGS, PENDING_PREFIX, saved_endpoint_prefix
from thriftline.core.saved_endpoint import SavedEndpoint

KINDS = {"plain": plain_endpoint, "hosting": hosting_endpoint}
# More boundaries than either kind of endpoint has; the test finds out how many there are.
MOST_POINTS = 70
CHAINS = 8
LEAST_KILLS = {"plain": 25, "hosting": 40}
# What comes after a kill: the work goes on, or somebody has taken the endpoint back.
ENDINGS = ("on", "back")
USES = ("asked", "kept", "unmarked")


class Killed(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


class MortalClients(OnceClients):
    """Clients that die after so many answers, in whatever service, and count them."""

    def __init__(self, region: str) -> None:
        super().__init__(region, functions=("ActOnPlanFunction",))
        self.answers = 0
        self.die_at: int | None = None
        self._hooked: set[str] = set()

    def client(self, service: str, config: Config | None = None) -> Any:
        made = super().client(service, config)
        if service not in self._hooked:
            self._hooked.add(service)
            made.meta.events.register("after-call", self._answered)
        return made

    def live_for(self, answers: int | None) -> None:
        self.answers, self.die_at = 0, answers

    def _answered(self, **_: Any) -> None:
        self.answers += 1
        if self.die_at is not None and self.answers >= self.die_at:
            raise Killed


def _name(kind: str, ending: str, point: int) -> str:
    return f"{kind}-{ending}-{point}"


def _all() -> Iterator[dict[str, Any]]:
    for kind, build in KINDS.items():
        tags = {"team": "search", **mark(hours=80)}
        for turn in range(len(ENDINGS)):
            yield build(_name(kind, "count", turn), tags=tags)
        for point in range(MOST_POINTS):
            yield build(_name(kind, "on", point), tags=tags)
            yield build(_name(kind, "back", point), tags=tags)
        for chain in range(CHAINS):
            yield build(_name(kind, "chain", chain), tags=tags)


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(acting_options(acting_account(*_all()))) as embedded:
        yield embedded


@pytest.fixture
def mortal(
    account: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> tuple[ActingWorld, MortalClients]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint)
    return ActingWorld(account, max_actions=1000), MortalClients(REGION)


def _begin(world: ActingWorld, name: str) -> str:
    audit_id = world.begin(world.plan(world.look(name)))
    assert len(world.planned.executes) == 1
    return audit_id


def _parts(state: dict[str, Any]) -> tuple[set[str], set[str]]:
    components = {one["InferenceComponentName"] for one in state["components"]}
    return components, {row["ResourceId"] for rows in state["scaling"] for row in rows}


def _saved(world: ActingWorld, name: str) -> SavedEndpoint | None:
    keys = [one.key for one in world.artifacts.list(saved_endpoint_prefix(ACCOUNT, REGION, name))]
    text = world.artifacts.read(keys[0]) if keys else None
    return None if text is None else SavedEndpoint.model_validate_json(text)


def _check_nothing_is_lost(world: ActingWorld, name: str, before: dict[str, Any]) -> None:
    """Whatever is not there any more is in the saved copy."""
    components, scaled = _parts(before)
    now = world.describe(name)
    left = (set(), set()) if now is None or now["status"] == "Deleting" else _parts(now)
    if left == (components, scaled) and now is not None and now["status"] == "InService":
        return
    saved = _saved(world, name)
    assert saved is not None
    assert {one.description["InferenceComponentName"] for one in saved.components} == components
    assert {one.identity[0] for one in saved.targets} == scaled
    assert all(len(one.policies) == 1 for one in saved.targets)
    assert saved.config is not None
    assert saved.endpoint.tags == before["tags"]


def _kill(world: ActingWorld, clients: MortalClients, audit_id: str, answers: int) -> bool:
    """Acts until so many answers have come; returns whether it was killed before its end."""
    clients.live_for(answers)
    try:
        world.act(audit_id, clients=clients)
    except Killed:
        return True
    finally:
        clients.live_for(None)
    return False


def _is_pending(world: ActingWorld, name: str) -> bool:
    return any(one.key.endswith(f"/{name}.json") for one in world.artifacts.list(PENDING_PREFIX))


def _check_it_is_over(world: ActingWorld, name: str) -> None:
    now = world.describe(name)
    assert now is None or now["status"] == "Deleting"
    assert not _is_pending(world, name)


def _next_run(world: ActingWorld, name: str) -> None:
    """The next hourly run: it looks, plans with what is pending, and acts."""
    found = world.look(name)
    world.do_all(world.plan(found))


def _use(world: ActingWorld, name: str, how: str) -> None:
    sagemaker = world.aws.client("sagemaker")
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"
    if how == "kept":
        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "thriftline:keep", "Value": "true"}])
    elif how == "unmarked":
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=["thriftline:marked-idle-at"])
    else:
        described = sagemaker.describe_endpoint(EndpointName=name)
        variant = described["ProductionVariants"][0]["VariantName"]
        world.put_requests({"EndpointName": name, "VariantName": variant}, 1.0)


def _points(world: ActingWorld, clients: MortalClients, kind: str, turn: int) -> int:
    name = _name(kind, "count", turn)
    if world.describe(name) is None:
        pytest.fail("each kind is counted once")
    audit_id = _begin(world, name)
    clients.live_for(None)
    assert world.act(audit_id, clients=clients).outcome == "done"
    assert clients.answers < MOST_POINTS
    return clients.answers


# Some hundred runs of the terminator; a busy machine takes its time.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("kind", "turn"),
    [("plain", 0), ("hosting", 0), pytest.param("hosting", 1, marks=pytest.mark.thorough)],
)
def test_killed_between_any_two_calls_it_loses_nothing_and_ends_or_is_whole_again(
    mortal: tuple[ActingWorld, MortalClients], kind: str, turn: int
) -> None:
    """The two endings take turns from boundary to boundary; the other turn has what is left."""
    world, clients = mortal
    points = _points(world, clients, kind, turn)
    kills = 0
    for point in range(points):
        ending = ENDINGS[(point + turn) % 2]
        name = _name(kind, ending, point)
        before = world.describe(name)
        assert before is not None
        audit_id = _begin(world, name)
        kills += _kill(world, clients, audit_id, point + 1)
        _check_nothing_is_lost(world, name, before)
        if ending == "on":
            # Step Functions tries again, or the next hourly run comes.
            if point % 4 < 2:
                world.act(audit_id)
            else:
                _next_run(world, name)
            _check_it_is_over(world, name)
            _check_nothing_is_lost(world, name, before)
        else:
            _check_it_comes_back(world, name, before, USES[point % len(USES)])
    assert kills >= LEAST_KILLS[kind]


def _check_it_comes_back(world: ActingWorld, name: str, before: dict[str, Any], how: str) -> None:
    """After somebody used, kept or unmarked it, the next run leaves it as it was."""
    now = world.describe(name)
    if now is None or now["status"] == "Deleting":
        _next_run(world, name)
        _check_it_is_over(world, name)
        return
    _use(world, name, how)
    _next_run(world, name)
    after = world.describe(name)
    assert after is not None
    assert {key: after[key] for key in after if key != "tags"} == {
        key: before[key] for key in before if key != "tags"
    }
    assert not _is_pending(world, name)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", KINDS)
def test_killed_again_and_again_at_random_it_still_ends_or_is_whole_again(
    mortal: tuple[ActingWorld, MortalClients], kind: str
) -> None:
    world, clients = mortal
    for chain in range(CHAINS):
        chance = random.Random(chain)
        name = _name(kind, "chain", chain)
        before = world.describe(name)
        assert before is not None
        for _ in range(3):
            audit_id = world.begin(world.plan(world.look(name)))
            if not world.planned.executes:
                break
            _kill(world, clients, audit_id, chance.randrange(1, 45))
            _check_nothing_is_lost(world, name, before)
        if chain % 2:
            _check_it_comes_back(world, name, before, chance.choice(USES))
        else:
            _next_run(world, name)
            _check_it_is_over(world, name)
            _check_nothing_is_lost(world, name, before)


def test_with_acceptances_that_cannot_be_read_an_interrupted_termination_is_only_put_back(
    mortal: tuple[ActingWorld, MortalClients],
) -> None:
    world, clients = mortal
    name = _name("hosting", "on", MOST_POINTS - 1)
    before = world.describe(name)
    for answers in range(10, MOST_POINTS):
        _kill(world, clients, _begin(world, name), answers)
        if world.describe(name) != before:
            break
    assert _is_pending(world, name)
    world.artifacts.write(ACCEPTED_FINDINGS, b"accepted: [", "text/yaml")

    _next_run(world, name)

    world.artifacts.delete(ACCEPTED_FINDINGS)
    assert world.describe(name) == before
    assert not _is_pending(world, name)


def test_a_restore_heals_an_interrupted_termination_and_writes_nothing_of_what_was_saved(
    mortal: tuple[ActingWorld, MortalClients],
) -> None:
    world, clients = mortal
    name = _name("hosting", "back", MOST_POINTS - 1)
    before = world.describe(name)
    for answers in range(10, MOST_POINTS):
        _kill(world, clients, _begin(world, name), answers)
        if world.describe(name) != before:
            break
    saved = _contents(world, "saved/")

    outcomes = []
    while "restored" not in outcomes:
        world.pass_time(seconds=5)
        outcomes.append(world.ask_restore(name).outcome)

    assert world.describe(name) == before
    assert _contents(world, "saved/") == saved
    # It is whole, and its pending mark is for the next audit that acts.
    assert world.ask_restore(name).outcome == "exists"
    _use(world, name, "kept")
    _next_run(world, name)
    assert not _is_pending(world, name)


def _contents(world: ActingWorld, prefix: str) -> dict[str, bytes | None]:
    return {one.key: world.artifacts.read(one.key) for one in world.artifacts.list(prefix)}
