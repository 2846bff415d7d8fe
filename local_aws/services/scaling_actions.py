"""Scaling that acts: policies by their alarms, scheduled actions by the clock.

Cooldowns and repetitions go by the service time, scheduled actions by the clock. Everything that
it changes it asks SageMaker for, as AWS does, and so it is refused while an endpoint changes. It
acts in the stack's account only: the accounts of files stand still.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.cloudwatch.models import cloudwatch_backends

from local_aws.clients import Clients
from local_aws.clock import Clock
from local_aws.events.schedule_times import times_of
from local_aws.services.application_autoscaling import Identity, Properties, ScalingStore
from local_aws.services.metric_store import FINE_SECONDS, MetricKey, MetricStore
from local_aws.services.places import Places
from local_aws.services.scaling_rules import (
    CONCURRENCY,
    COPIES,
    DEFAULT_COOLDOWN,
    aggregated,
    metric_of,
    stepped,
    tracked,
)

_EVERY_SECONDS = 0.1
# An alarm that stays in ALARM sets its policies off again each minute.
_AGAIN = timedelta(minutes=1)
_WORDS = {CONCURRENCY: "provisioned concurrency", COPIES: "copy count"}
_IN_ALARM = "ALARM"


@dataclass
class _Memory:
    """What was done for a target, and when a policy acted last."""

    scaled_out: datetime | None = None
    scaled_in: datetime | None = None
    acted: dict[str, datetime] = field(default_factory=dict)
    looked: dict[str, datetime] = field(default_factory=dict)


class ScalingActions:
    """Lets the targets of one account follow their policies and scheduled actions."""

    def __init__(
        self, stores: Places[ScalingStore], metrics: Places[MetricStore], clock: Clock
    ) -> None:
        self._stores = stores
        self._metrics = metrics
        self._clock = clock
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._memory: dict[Identity, _Memory] = {}
        self._clients: Clients | None = None
        self._account = ""
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="scaling")

    def connect(self, clients: Clients, account: str) -> None:
        """Begin to act in one account."""
        self._clients, self._account = clients, account
        threading.Thread(target=self._run, name="scaling", daemon=True).start()

    def close(self) -> None:
        """Act no more."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def on_alarm(
        self, policy_arn: str, account: str, region: str, event: Mapping[str, Any], state: str
    ) -> None:
        """Do what a policy says about an alarm that has changed its state."""
        if state == _IN_ALARM and account == self._account and not self._closing.is_set():
            with suppress(RuntimeError):
                self._pool.submit(self._act_on, policy_arn, region, event["alarmName"])

    # ---- By the clock

    def _run(self) -> None:
        while not self._closing.wait(_EVERY_SECONDS):
            for account, region in list(self._stores):
                if account == self._account:
                    self._tick(region)

    def _tick(self, region: str) -> None:
        store = self._stores.at(self._account, region)
        now = self._clock.now()
        due = []
        for key, action in list(store.scheduled.items()):
            since: datetime = store.changed.get(key) or action["CreationTime"]
            found = self._fallen_due(key[0], action, since, now)
            due += [(moment, key[0], action) for moment in found]
        for moment, identity, action in sorted(due, key=lambda one: one[0]):
            self._bring_within(store, region, identity, action, moment)
        for alarm in list(cloudwatch_backends[self._account][region].alarms.values()):
            if alarm.state_value == _IN_ALARM and alarm.actions_enabled:
                for arn in alarm.alarm_actions:
                    self._act_on(arn, region, alarm.name)

    def _fallen_due(
        self, identity: Identity, action: Properties, changed: datetime, now: datetime
    ) -> list[datetime]:
        looked = self._memory.setdefault(identity, _Memory()).looked
        arn = action["ScheduledActionARN"]
        since = max(changed, looked.get(arn, changed))
        looked[arn] = now
        times = times_of(action["Schedule"], action.get("Timezone"), action["CreationTime"])
        found: list[datetime] = []
        moment = times.after(since)
        while moment is not None and moment <= now and len(found) < 1_000:
            start, end = action.get("StartTime"), action.get("EndTime")
            if (start is None or moment >= start) and (end is None or moment <= end):
                found.append(moment)
            moment = times.after(moment)
        return found

    def _bring_within(
        self,
        store: ScalingStore,
        region: str,
        identity: Identity,
        action: Properties,
        moment: datetime,
    ) -> None:
        """Set the bounds of a scheduled action, and go to the nearer of them from outside."""
        target = store.targets.get(identity)
        if target is None or target["SuspendedState"]["ScheduledScalingSuspended"]:
            return
        wanted = action.get("ScalableTargetAction") or {}
        bounds = {name: wanted[name] for name in ("MinCapacity", "MaxCapacity") if name in wanted}
        if (target | bounds)["MinCapacity"] > (target | bounds)["MaxCapacity"]:
            return
        target = store.register(identity, moment, bounds)
        current = self._current(region, identity)
        if current is None:
            return
        count = min(max(current, target["MinCapacity"]), target["MaxCapacity"])
        if count != current:
            said = f"scheduled action name {action['ScheduledActionName']} was triggered"
            self._set(store, region, identity, count, said)

    # ---- By an alarm

    def _act_on(self, policy_arn: str, region: str, alarm: str) -> None:
        store = self._stores.at(self._account, region)
        policy = next(
            (one for one in list(store.policies.values()) if one["PolicyARN"] == policy_arn), None
        )
        if policy is None or not self._may_act(policy, alarm):
            return
        identity = (
            policy["ServiceNamespace"],
            policy["ResourceId"],
            policy["ScalableDimension"],
        )
        target, current = store.targets.get(identity), self._current(region, identity)
        if target is None or current is None:
            return
        wanted = self._wanted(policy, region, alarm, current)
        if wanted is None:
            return
        count = min(max(wanted, target["MinCapacity"]), target["MaxCapacity"])
        if count == current or self._is_suspended(target, out=count > current):
            return
        memory = self._memory.setdefault(identity, _Memory())
        if not self._is_cool(policy, memory, count, current):
            return
        said = f"monitor alarm {alarm} in state ALARM triggered policy {policy['PolicyName']}"
        if self._set(store, region, identity, count, said):
            now = self._clock.service_time()
            if count > current:
                memory.scaled_out = now
            else:
                memory.scaled_in = now

    def _may_act(self, policy: Properties, alarm: str) -> bool:
        """Whether the policy has not acted on this alarm within the last minute."""
        now = self._clock.service_time()
        identity = (policy["ServiceNamespace"], policy["ResourceId"], policy["ScalableDimension"])
        with self._lock:
            acted = self._memory.setdefault(identity, _Memory()).acted
            key = f"{policy['PolicyARN']}/{alarm}"
            if key in acted and now - acted[key] < _AGAIN:
                return False
            acted[key] = now
        return True

    def _wanted(self, policy: Properties, region: str, name: str, current: int) -> int | None:
        if tracking := policy.get("TargetTrackingScalingPolicyConfiguration"):
            metric = metric_of(policy)
            key = MetricKey(metric.namespace, metric.name, frozenset(metric.dimensions.items()))
            found = self._recent(region, key, metric.statistic, metric.period, 3)
            if not found:
                return None
            wanted = tracked(current, found[-1], float(tracking["TargetValue"]))
            return min(wanted, current) if "-AlarmLow-" in name else max(wanted, current)
        alarm = cloudwatch_backends[self._account][region].alarms.get(name)
        if alarm is None:
            return None
        settings = policy["StepScalingPolicyConfiguration"]
        pairs = frozenset((one.name, one.value) for one in alarm.dimensions)
        key = MetricKey(alarm.namespace, alarm.metric_name, pairs)
        found = self._recent(
            region, key, alarm.statistic, int(alarm.period), int(alarm.evaluation_periods)
        )
        value = aggregated(settings, found)
        return None if value is None else stepped(settings, current, value - float(alarm.threshold))

    def _recent(
        self, region: str, key: MetricKey, statistic: str, period: int, periods: int
    ) -> Sequence[float]:
        """Return the values of the last periods that have any, up to this moment."""
        store, now = self._metrics.at(self._account, region), self._clock.service_time()
        # What is measured now counts though its part of the time is not whole.
        part = int(now.timestamp() // FINE_SECONDS + 1) * FINE_SECONDS
        end = datetime.fromtimestamp(part, now.tzinfo)
        start = end - timedelta(seconds=period * (periods + 1))
        return [value for _, value in store.recent(key, statistic, start, end, period)]

    def _is_suspended(self, target: Properties, *, out: bool) -> bool:
        way = "Out" if out else "In"
        return bool(target["SuspendedState"][f"DynamicScaling{way}Suspended"])

    def _is_cool(self, policy: Properties, memory: _Memory, count: int, current: int) -> bool:
        now = self._clock.service_time()
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
        if tracking:
            member = "ScaleOutCooldown" if count > current else "ScaleInCooldown"
            seconds = tracking.get(member, DEFAULT_COOLDOWN)
        else:
            settings = policy["StepScalingPolicyConfiguration"]
            seconds = settings.get("Cooldown", DEFAULT_COOLDOWN)
        # Scaling out ends the cooldown of scaling in at once; not the other way round.
        lasts = [memory.scaled_out] if count > current else [memory.scaled_out, memory.scaled_in]
        return all(one is None or now - one >= timedelta(seconds=seconds) for one in lasts)

    # ---- What is asked of SageMaker

    def _current(self, region: str, identity: Identity) -> int | None:
        _, resource, dimension = identity
        sagemaker = self._sagemaker(region)
        with suppress(ClientError):
            if dimension == COPIES:
                name = resource.removeprefix("inference-component/")
                answer = sagemaker.describe_inference_component(InferenceComponentName=name)
                return int(answer["RuntimeConfig"]["DesiredCopyCount"])
            endpoint, _, name = resource.removeprefix("endpoint/").partition("/variant/")
            for variant in sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]:
                if variant["VariantName"] == name:
                    if dimension == CONCURRENCY:
                        config = variant.get("DesiredServerlessConfig", {})
                        return int(config.get("ProvisionedConcurrency", 0))
                    return int(variant["DesiredInstanceCount"])
        return None

    def _set(
        self, store: ScalingStore, region: str, identity: Identity, count: int, cause: str
    ) -> bool:
        """Ask for a number, and note what became of it."""
        begun, refused = self._clock.now(), None
        try:
            self._ask(region, identity, count)
        except ClientError as error:
            refused = str(error.response.get("Error", {}).get("Message", error))
        service, resource, dimension = identity
        what = _WORDS.get(dimension, "desired instance count")
        activity: dict[str, Any] = {
            "ActivityId": str(uuid4()),
            "ServiceNamespace": service,
            "ResourceId": resource,
            "ScalableDimension": dimension,
            "Description": f"Setting {what} to {count}.",
            "Cause": cause,
            "StartTime": begun,
            "EndTime": self._clock.now(),
            "StatusCode": "Failed" if refused else "Successful",
            "StatusMessage": f"Failed to set {what} to {count}. Reason: {refused}"
            if refused
            else f"Successfully set {what} to {count}. Change successfully fulfilled by sagemaker.",
        }
        store.activities.insert(0, activity)
        return refused is None

    def _ask(self, region: str, identity: Identity, count: int) -> None:
        _, resource, dimension = identity
        sagemaker = self._sagemaker(region)
        if dimension == COPIES:
            sagemaker.update_inference_component_runtime_config(
                InferenceComponentName=resource.removeprefix("inference-component/"),
                DesiredRuntimeConfig={"CopyCount": count},
            )
            return
        endpoint, _, name = resource.removeprefix("endpoint/").partition("/variant/")
        wanted: dict[str, Any] = {"VariantName": name}
        if dimension == CONCURRENCY:
            wanted["ServerlessUpdateConfig"] = {"ProvisionedConcurrency": count}
        else:
            wanted["DesiredInstanceCount"] = count
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[wanted]
        )

    def _sagemaker(self, region: str) -> Any:
        if self._clients is None:
            raise RuntimeError("scaling is not connected")
        return self._clients.get("sagemaker", region)
