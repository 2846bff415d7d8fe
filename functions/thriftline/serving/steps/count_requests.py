"""Counts what came since the last look: minutes from CloudWatch, or captured answers and labels."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.datasets.personal_patterns import holds_personal_data
from thriftline.serving.aws.captured import Captured
from thriftline.serving.aws.live_variants import LiveVariants
from thriftline.serving.domain.capture_layout import hour_captures, hour_of
from thriftline.serving.domain.captured_requests import Answer
from thriftline.serving.domain.experiment_names import answers_key, disagreements_key
from thriftline.serving.domain.experiment_variants import variant_name
from thriftline.serving.domain.experiments import (
    Kind,
    Measure,
    ShadowState,
    SplitState,
    new_split,
)
from thriftline.serving.domain.label_joins import UnreadableLabelError, read_ground_truth
from thriftline.serving.domain.minute_counts import (
    countable_until,
    first_whole_minute,
    minutes_of,
)
from thriftline.serving.domain.paired_answers import (
    Answered,
    Pair,
    Said,
    batches_of,
    judged,
    pairs_of,
    read_answered,
    read_said,
)
from thriftline.serving.domain.stickiness import CHAMPION
from thriftline.serving.schemas.experiment import Disagreement, Experiment, ExperimentState

_HOUR = timedelta(hours=1)
# SageMaker writes what it captured some minutes later.
_CAPTURE_LATENESS = timedelta(minutes=15)
# Hours of captures that one look counts, of a Lambda function's fifteen minutes.
_MOST_HOURS = 12
_LONGEST_TEXT = 2_000
HIDDEN = "(hidden: looks like personal data)"


@dataclass(frozen=True)
class Counting:
    """One experiment, and where its requests are seen."""

    experiment: Experiment
    variants: LiveVariants
    artifacts: Bucket
    captured: Captured

    def begin(self, state: ExperimentState, share: float, now: datetime) -> ExperimentState:
        """Returns the state from which requests count: those of before had another split."""
        plan = self.experiment.plan
        begun = first_whole_minute(now)
        if plan.kind is Kind.SHADOW:
            # What the shadow did not get has no pair.
            begun = hour_of(now)
        elif plan.measure is Measure.ACCURACY:
            begun = hour_of(now) if hour_of(now) == now else hour_of(now) + _HOUR
        return state.model_copy(
            update={
                "phase": "running",
                "counted_until": max(begun, state.counted_until or begun),
                "share": share,
                "split": state.split or (None if plan.kind is Kind.SHADOW else new_split(plan)),
                "shadow": state.shadow or (ShadowState() if plan.kind is Kind.SHADOW else None),
            }
        )

    def after(self, state: ExperimentState, now: datetime) -> ExperimentState:
        """Returns the state with all that is complete by now."""
        plan = self.experiment.plan
        if plan.kind is Kind.AB and plan.measure is Measure.ERRORS:
            return self._minutes(state, now)
        counted = self._hours(state, now)
        return self._labels(counted, now)

    # ---- requests that failed, by the minute

    def _minutes(self, state: ExperimentState, now: datetime) -> ExperimentState:
        since, until = state.counted_until, countable_until(now)
        split, share = state.split, state.share
        if since is None or split is None or share is None or until <= since:
            return state
        endpoint = self.experiment.endpoint
        challenger = variant_name(Kind.AB)
        found = minutes_of(
            self.variants.minutes(endpoint, CHAMPION, since, until),
            self.variants.minutes(endpoint, challenger, since, until),
        )
        for minute in found:
            split = split.after(minute.champion, minute.challenger, share)
        return state.model_copy(update={"split": split, "counted_until": until})

    # ---- captured answers, by the hour

    def _hours(self, state: ExperimentState, now: datetime) -> ExperimentState:
        for _ in range(_MOST_HOURS):
            hour = state.counted_until
            if hour is None or hour + _HOUR + _CAPTURE_LATENESS > now:
                break
            state = self._hour(state, hour).model_copy(update={"counted_until": hour + _HOUR})
        return state

    def _hour(self, state: ExperimentState, hour: datetime) -> ExperimentState:
        kind = self.experiment.plan.kind
        champion = self._answers(CHAMPION, hour)
        challenger = self._answers(variant_name(kind), hour)
        if kind is Kind.SHADOW:
            by_request = {one.request: one for one in champion}
            return self._pairs(state, hour, list(pairs_of(by_request, challenger)))
        share = state.share or 0.0
        lines = [Said(one.request, False, one.answer, share).line() for one in champion]
        lines += [Said(one.request, True, one.answer, share).line() for one in challenger]
        self._keep(hour, lines)
        return state

    def _pairs(self, state: ExperimentState, hour: datetime, pairs: list[Pair]) -> ExperimentState:
        different = [_disagreement(one).model_dump_json() for one in pairs if one.differs]
        self._keep(hour, different)
        before = state.shadow or ShadowState()
        shadow = ShadowState(
            before.pairs + len(pairs),
            before.disagreements + len(different),
            before.decisive,
            before.both_wrong,
        )
        return state.model_copy(update={"shadow": shadow})

    def _answers(self, variant: str, hour: datetime) -> Iterator[Answered]:
        prefix = hour_captures(self.experiment.endpoint, variant, hour)
        for key in self.captured.keys(prefix):
            for line in self.captured.lines(key):
                answered = None if line is None else read_answered(line)
                if answered is not None:
                    yield answered

    def _keep(self, hour: datetime, lines: list[str]) -> None:
        """Counting the hour again writes the same."""
        own = self.experiment
        key = answers_key(own.endpoint, own.experiment_id, hour)
        body = "".join(f"{line}\n" for line in lines)
        self.artifacts.write(key, body.encode(), "application/jsonlines")

    def _kept(self) -> Iterator[str]:
        own = self.experiment
        some_hour = answers_key(own.endpoint, own.experiment_id, own.opened_at)
        for stored in self.artifacts.list(some_hour.rpartition("/")[0] + "/"):
            body = self.artifacts.read(stored.key) or b""
            yield from (line for line in body.decode().split("\n") if line)

    # ---- labels

    def _labels(self, state: ExperimentState, now: datetime) -> ExperimentState:
        found, keys = self._new_labels(state, now)
        seen = set(state.judged)
        labels = {**{one: label for one, label in found.items() if one not in seen}, **state.labels}
        state = state.model_copy(
            update={"label_keys": (*state.label_keys, *keys), "labels": labels}
        )
        if self.experiment.plan.kind is Kind.SHADOW:
            return self._labelled_pairs(state)
        return self._labelled_answers(state)

    def _labelled_answers(self, state: ExperimentState) -> ExperimentState:
        if not state.labels or state.split is None:
            return state
        batches, counted = batches_of(map(read_said, self._kept()), state.labels)
        split: SplitState = state.split
        for batch in batches:
            split = split.after(batch.champion, batch.challenger, batch.share)
        left = {one: label for one, label in state.labels.items() if one not in set(counted)}
        return state.model_copy(
            update={"split": split, "judged": (*state.judged, *counted), "labels": left}
        )

    def _labelled_pairs(self, state: ExperimentState) -> ExperimentState:
        lines = list(self._kept())
        if state.shadow is None or not lines:
            return state
        own = self.experiment
        self.artifacts.write(
            disagreements_key(own.endpoint, own.experiment_id),
            "".join(f"{line}\n" for line in lines).encode(),
            "application/jsonlines",
        )
        read = [Disagreement.model_validate_json(line) for line in lines]
        decisive, neither = judged(
            ((one.request, one.champion, one.challenger) for one in read), state.labels
        )
        before = state.shadow
        shadow = ShadowState(before.pairs, before.disagreements, decisive, neither)
        return state.model_copy(update={"shadow": shadow})

    def _new_labels(
        self, state: ExperimentState, now: datetime
    ) -> tuple[Mapping[str, Answer], tuple[str, ...]]:
        """Returns labels of files that were not read yet; of a request the first label counts."""
        read = set(state.label_keys)
        labels: dict[str, Answer] = {}
        keys = []
        for key in self._label_keys(now):
            if key in read:
                continue
            keys.append(key)
            for line in self.captured.lines(key):
                known = None if line is None else _label(line)
                if known is not None:
                    labels.setdefault(*known)
        return labels, tuple(keys)

    def _label_keys(self, now: datetime) -> Iterator[str]:
        day = self.experiment.opened_at.date()
        while day <= now.date() + timedelta(days=1):
            prefix = f"serving/{self.experiment.endpoint}/labels/{day:%Y/%m/%d}/"
            yield from self.captured.keys(prefix)
            day += timedelta(days=1)


def _label(line: bytes) -> tuple[str, Answer] | None:
    try:
        found = read_ground_truth(line)
    except UnreadableLabelError:
        return None
    return found.request, found.truth[0]


def _disagreement(pair: Pair) -> Disagreement:
    text = pair.text[:_LONGEST_TEXT]
    return Disagreement(
        request=pair.request,
        text=HIDDEN if holds_personal_data(text) else text,
        champion=pair.champion,
        challenger=pair.challenger,
    )
