"""A run whose trainer is Bedrock: prepared splits in a bucket, a stand-in for Bedrock, a clock."""

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, cast

from tests.unit.runs.bedrock_fake import Clock, FakeBedrock
from tests.unit.runs.trainers.memory_bucket import MemoryBucket
from thriftline.core.errors import ServiceUnavailableError, ThriftlineError, ThrottledError
from thriftline.core.settings import Settings
from thriftline.money.prices import Price
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.auto_training import ChosenTraining, DataShape, NamedSettings, choose
from thriftline.runs.domain.layout import job_name_of, split_prefix
from thriftline.runs.domain.quotes import Rung
from thriftline.runs.domain.work import AttemptOrder, Champion, TrainingWork
from thriftline.runs.trainers.bedrock.conversation import Conversation
from thriftline.runs.trainers.bedrock.customization_jobs import CustomizationJobs
from thriftline.runs.trainers.bedrock.deployments import Deployments
from thriftline.runs.trainers.bedrock.foundation_models import FoundationModels
from thriftline.runs.trainers.bedrock.layout import AttemptLayout
from thriftline.runs.trainers.bedrock.offers import Offers
from thriftline.runs.trainers.bedrock.quotas import CustomModelQuotas
from thriftline.runs.trainers.bedrock.services import BedrockServices
from thriftline.runs.trainers.bedrock.trainer import BedrockTrainer

_DATE = date(2026, 11, 1)
RUN_ID = "films-0123456789abcdef"
JOB = job_name_of(RUN_ID, 1)
WORDS = {"pos": "positive", "neg": "negative"}
SETTINGS = Settings(
    {
        "AWS_REGION": "us-east-1",
        "STACK_NAME": "thriftline",
        "BEDROCK_ROLE_ARN": "arn:aws:iam::123456789012:role/bedrock",
    }
)
TERMS: dict[str, Any] = {
    "base_model": "amazon.nova-micro-v1:0:128k",
    "invocation_model": "amazon.nova-micro-v1:0",
    "epochs": 2,
    "hyperparameters": {"epochCount": "2"},
    "label_words": WORDS,
    "system_prompt": "Classify the text. The labels are: negative, positive.",
    "train_records": 40,
    "validation_records": 10,
    "test_records": 20,
    "max_tokens": 6,
    "requests_per_minute": 400,
    "rates": {
        "training": "0.001",
        "input": "0.035",
        "output": "0.14",
        "base_input": "0.035",
        "base_output": "0.14",
    },
}
# Backoff of Poll training in the machine.
_RETRIES = 4


def rung(**terms: Any) -> Rung:
    price = Price(Decimal("0.001"), "1,000 tokens", "us-east-1", "Training", "a test", _DATE)
    return Rung("nova", price, Decimal("0.50"), Decimal(0), {**TERMS, **terms})


def record(index: int) -> dict[str, str]:
    label = "pos" if index % 2 else "neg"
    word = "splendid" if label == "pos" else "dreadful"
    return {"id": f"r{index:04d}", "text": f"a {word} film number {index}", "label": label}


def tuned_answer(_model: str, text: str) -> str:
    """A model that has learned everything, and the base model that has too."""
    return "positive" if "splendid" in text else "Negative."


@dataclass
class AttemptWorld:
    """One attempt, and what Clean up does when it has ended or must."""

    terms: dict[str, Any] = field(default_factory=dict)
    champion: Champion | None = None
    clock: Clock = field(default_factory=Clock)
    run_id: str = RUN_ID

    def __post_init__(self) -> None:
        self.bucket = MemoryBucket()
        self.bedrock = FakeBedrock(self.clock, tuned_answer)
        self.trainer = self.new_trainer()
        self.rung = rung(**self.terms)
        self.job = job_name_of(self.run_id, 1)
        for split, count in (("train", 60), ("validation", 20), ("test", 30)):
            self.write_split(split, [record(index) for index in range(count)])

    def new_trainer(self) -> BedrockTrainer:
        client = cast("Any", self.bedrock)
        services = BedrockServices(
            lambda: CustomizationJobs(client),
            lambda: Deployments(client),
            lambda: Conversation(client),
            self.bucket,
            self.clock,
            self.clock.monotonic,
        )
        offers = Offers(
            lambda: FoundationModels(client),
            lambda: CustomModelQuotas(client),
            "us-east-1",
        )
        return BedrockTrainer(services, SETTINGS, offers)

    @property
    def layout(self) -> AttemptLayout:
        return AttemptLayout(self.run_id, self.job)

    def write_split(self, split: str, records: list[dict[str, str]]) -> None:
        """Writes a split as two shards."""
        half = len(records) // 2
        for number, part in enumerate((records[:half], records[half:])):
            body = "".join(f"{json.dumps(one)}\n" for one in part)
            key = f"{split_prefix(self.run_id, split)}part-{number:05d}.jsonl"
            self.bucket.objects[key] = body.encode()

    def order(self, left_usd: str = "5") -> AttemptOrder:
        work = TrainingWork(
            run_id=self.run_id,
            project="films",
            base_model="amazon.nova-micro-v1:0:128k",
            encoder=None,
            hyperparameters={"seed": 7},
            chosen=_chosen(),
            section={},
            splits={"train": 60, "validation": 20, "test": 30},
            mean_characters=25.0,
            champion=self.champion,
            cap_usd=Decimal(5),
        )
        return AttemptOrder(self.job, work, self.rung, Decimal(left_usd))

    def start(self, left_usd: str = "5") -> AttemptState:
        return self.trainer.start(self.order(left_usd))

    def poll(self, seconds: float = 60) -> AttemptState:
        """Lets time pass, and looks as Poll training does."""
        self.clock.pass_by(seconds)
        state = self.trainer.advance(self.job, self.run_id, self.rung)
        assert state is not None
        return state

    def look(self) -> AttemptState:
        state = self.trainer.look(self.job, self.run_id, self.rung)
        assert state is not None
        return state

    def poll_to_end(self, most: int = 400, seconds: float = 60) -> AttemptState:
        """Polls until the attempt has ended, with the machine's retries of what passes."""
        retries = 0
        for _ in range(most):
            try:
                state = self.poll(seconds)
            except (ThrottledError, ServiceUnavailableError):
                retries += 1
                if retries > _RETRIES:
                    raise
                continue
            retries = 0
            if not state.is_active:
                return state
        raise AssertionError("the attempt does not end")

    def train(self) -> None:
        """Starts the attempt and lets its job complete."""
        self.start()
        self.bedrock.move(self.job, "training")
        self.poll(600)
        self.bedrock.move(self.job, "Completed")

    def clean_up(self, *, registered: bool = False) -> None:
        """Stops what runs and releases what is left, as Clean up does."""
        for _ in range(20):
            state = self.trainer.look(self.job, self.run_id, self.rung)
            if state is None or not state.is_active:
                break
            self.trainer.stop(self.job)
            if self.job in self.bedrock.jobs:
                job = self.bedrock.jobs[self.job]
                if job["status"] == "Stopping":
                    self.bedrock.move(self.job, "Stopped")
            self.clock.pass_by(60)
        else:
            raise AssertionError("Clean up does not end")
        self.trainer.release(self.job, self.run_id, registered=registered)

    def what_costs(self) -> list[str]:
        """Returns what is left on Bedrock that somebody pays for."""
        jobs = [name for name, job in self.bedrock.jobs.items() if job["status"] == "InProgress"]
        return [*jobs, *self.bedrock.deployments, *self.bedrock.models.values()]

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bucket.objects[self.layout.document])
        return found


def _chosen() -> ChosenTraining:
    return choose(DataShape(60, 10.0), NamedSettings())


def refusals_of(action: Any) -> ThriftlineError | None:
    """Returns what an action raises of ours."""
    try:
        action()
    except ThriftlineError as error:
        return error
    return None
