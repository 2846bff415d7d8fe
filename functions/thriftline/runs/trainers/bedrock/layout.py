"""Where an attempt's files lie in the artifacts bucket; only characters that Bedrock takes.

What holds the data set's texts lies under the run's scratch, which Clean up removes.
"""

import re

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.layout import output_prefix, scratch_prefix

_PART = re.compile(r"/(\d{6})-(\d{6})\.jsonl$")


@dataclass(frozen=True)
class AttemptLayout:
    """The keys of one attempt."""

    run_id: str
    name: str

    @property
    def inputs(self) -> str:
        """What holds texts."""
        return f"{scratch_prefix(self.run_id)}bedrock/{self.name}/"

    @property
    def training_file(self) -> str:
        """The job's training data."""
        return f"{self.inputs}train.jsonl"

    @property
    def validation_file(self) -> str:
        """The job's validation data, where the family takes some."""
        return f"{self.inputs}validation.jsonl"

    @property
    def questions(self) -> str:
        """The records of the test split that are asked, in the order of asking."""
        return f"{self.inputs}questions.jsonl"

    @property
    def examples(self) -> str:
        """The worked examples with which the base model is asked."""
        return f"{self.inputs}examples.jsonl"

    @property
    def prefix(self) -> str:
        """What stays of the attempt."""
        return f"{output_prefix(self.run_id)}{self.name}/"

    @property
    def document(self) -> str:
        """What the attempt remembers between two looks."""
        return f"{self.prefix}bedrock.json"

    @property
    def throughput_mark(self) -> str:
        """There once provisioned throughput was made: what a person deletes is not made again."""
        return f"{self.prefix}throughput.json"

    @property
    def judged_answers(self) -> str:
        """What a judge reads, where the run names one: questions, answers and the right words."""
        return f"{self.prefix}judge/answers.jsonl"

    @property
    def judge_report(self) -> str:
        """Where Bedrock writes what the judge says."""
        return f"{self.prefix}judge/report/"

    @property
    def stop_mark(self) -> str:
        """There once the attempt is to stop. Apart, so that no late write of a poll undoes it."""
        return f"{self.prefix}stop.json"

    @property
    def job_output(self) -> str:
        """Where Bedrock writes the job's metrics."""
        return f"{self.prefix}bedrock/"

    @property
    def answers(self) -> str:
        """The folder of the answers."""
        return f"{self.prefix}answers/"

    @property
    def summary(self) -> str:
        """What was asked and how it was answered, counted."""
        return f"{self.prefix}answers.json"

    def part(self, target: str, first: int, after: int) -> str:
        """Returns the key of a target's answers from one place of the order to before another."""
        return f"{self.answers}{target}/{first:06d}-{after:06d}.jsonl"


def span_of(key: str) -> tuple[int, int] | None:
    """Returns from where to before where a part of the answers goes; None for another file."""
    found = _PART.search(key)
    return (int(found[1]), int(found[2])) if found else None


def run_of_attempt(name: str) -> str:
    """Returns the run of an attempt's name; see ``job_name_of``."""
    return name.rpartition("-")[0]
