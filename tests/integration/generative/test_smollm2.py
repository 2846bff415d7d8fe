"""The real small model, really fine-tuned: few sentences, so that it takes half a minute."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from laptop import sample_data
from local_aws.generative import smollm2_weights
from local_aws.generative.conversations import Conversation, Message, StepMetrics
from local_aws.generative.engines import Engines
from local_aws.generative.port import GenerativeEngine

pytestmark = pytest.mark.skipif(
    not smollm2_weights.is_installed(),
    reason="LEFT OUT: SmolLM2-135M is not installed here; make setup-bedrock installs it",
)
NAME = "local.smollm2-135m-instruct"
LABELS = {"positive", "negative"}
SYSTEM = "What does the sentence say of the film? Answer with one word.\n- positive\n- negative"


@pytest.fixture(scope="module")
def engine() -> Iterator[GenerativeEngine]:
    engines = Engines.of_this_machine()
    assert engines.local_models == (NAME,)
    yield engines.engine_for(NAME)
    engines.close()


def conversations(rows: list[sample_data.Row]) -> list[Conversation]:
    return [
        Conversation(SYSTEM, (Message("user", row.text), Message("assistant", row.label)))
        for row in rows
    ]


def test_two_dozen_sentences_teach_it_to_answer_with_a_label(
    engine: GenerativeEngine, tmp_path: Path
) -> None:
    steps: list[StepMetrics] = []
    engine.fine_tune(conversations(sample_data.train_rows(24)), 3, 2e-4, 42, tmp_path, steps.append)
    held_out = conversations(sample_data.held_out_rows(8))
    base, tuned = (
        [engine.answer(folder, SYSTEM, each.asked, 4) for each in held_out]
        for folder in (None, tmp_path)
    )
    assert [step.step for step in steps] == list(range(9))
    assert steps[-1].loss < steps[0].loss / 2
    assert sum(each.text in LABELS for each in base) <= 2
    assert all(each.text in LABELS for each in tuned)
    assert all(each.stop_reason == "end_turn" for each in tuned)
    assert engine.loss(tmp_path, held_out) < engine.loss(None, held_out) / 2
