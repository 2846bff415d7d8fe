"""`local.stand-in`: really trained on the job's file, wrong as often as it declares."""

import random
from pathlib import Path

import pytest

from local_aws.generative.conversations import Conversation, Message, StepMetrics
from local_aws.generative.port import GenerativeEngine, GenerativeError
from local_aws.generative.stand_in import MOST_ANSWERS, StandIn, labels_of

SYSTEM = "What does the sentence say of the film? Answer with one of: positive, negative."
GOOD = ("lovely", "warm", "witty", "moving", "fresh")
BAD = ("dull", "tired", "cold", "clumsy", "stale")


def record(text: str, answer: str) -> Conversation:
    return Conversation(SYSTEM, (Message("user", text), Message("assistant", answer)))


def sentences(count: int, seed: int) -> list[Conversation]:
    drawn = random.Random(seed)
    made = []
    for number in range(count):
        words, answer = ((GOOD, "positive"), (BAD, "negative"))[number % 2]
        said = " ".join(drawn.sample(words, 2))
        made.append(record(f"Film {drawn.random():.6f} is {said} all the way through.", answer))
    return made


def asked(text: str) -> tuple[Message, ...]:
    return (Message("user", text),)


def tuned(engine: StandIn, folder: Path, seed: int = 42, epochs: int = 2) -> list[StepMetrics]:
    steps: list[StepMetrics] = []
    engine.fine_tune(sentences(200, 1), epochs, 1e-5, seed, folder, steps.append)
    return steps


def texts(engine: StandIn, folder: Path | None, records: list[Conversation]) -> list[str]:
    return [engine.answer(folder, SYSTEM, each.asked, 5).text for each in records]


def shares(engine: StandIn, folder: Path | None) -> tuple[float, float]:
    """Return what share was right and what share was no label."""
    held_out = sentences(1000, 2)
    answers = texts(engine, folder, held_out)
    right = sum(said == each.answer for said, each in zip(answers, held_out, strict=True))
    unparsed = sum(said not in {"positive", "negative"} for said in answers)
    return right / len(answers), unparsed / len(answers)


def test_it_is_an_engine() -> None:
    engine: GenerativeEngine = StandIn()
    assert engine.name == "local.stand-in"
    engine.close()


def test_it_learns_what_the_file_holds(tmp_path: Path) -> None:
    engine = StandIn(error_rate=0)
    steps = tuned(engine, tmp_path)
    assert [step.step for step in steps] == list(range(50))
    assert [step.epoch for step in steps] == [0] * 25 + [1] * 25
    assert steps[-1].loss < steps[0].loss / 2
    assert steps[-1].perplexity > 1
    assert shares(engine, tmp_path) == (1.0, 0.0)


def test_a_tuned_model_is_wrong_and_unparsed_as_often_as_declared(tmp_path: Path) -> None:
    engine = StandIn(error_rate=0.1, unparsed_rate=0.05)
    tuned(engine, tmp_path)
    right, unparsed = shares(engine, tmp_path)
    assert unparsed == pytest.approx(0.05, abs=0.03)
    assert 1 - right - unparsed == pytest.approx(0.1, abs=0.04)


def test_the_base_model_seldom_names_a_label() -> None:
    right, unparsed = shares(StandIn(base_unparsed_rate=0.9), None)
    assert unparsed == pytest.approx(0.9, abs=0.04)
    assert 0 < right < 0.1


def test_examples_in_the_conversation_make_the_base_model_name_labels_more_often() -> None:
    engine = StandIn()
    examples = tuple(message for each in sentences(4, 3) for message in each.messages)
    held_out = sentences(300, 2)
    answers = [engine.answer(None, SYSTEM, examples + each.asked, 5).text for each in held_out]
    unparsed = sum(said not in {"positive", "negative"} for said in answers) / len(answers)
    assert unparsed == pytest.approx(0.3, abs=0.1)


def test_the_same_seed_gives_the_same_model_and_the_same_answers(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "other")]
    for folder in folders:
        folder.mkdir()
    engine = StandIn(error_rate=0.2)
    curves = [tuned(engine, folder, seed) for folder, seed in zip(folders, (1, 1, 2), strict=True)]
    assert curves[0] == curves[1]
    assert curves[0] != curves[2]
    held_out = sentences(200, 2)
    assert texts(engine, folders[0], held_out) == texts(engine, folders[1], held_out)


def test_a_higher_learning_rate_learns_faster(tmp_path: Path) -> None:
    losses = []
    for rate in (1e-6, 1e-5):
        engine = StandIn()
        engine.fine_tune(sentences(200, 1), 1, rate, 42, tmp_path, lambda step: None)
        losses.append(engine.loss(tmp_path, sentences(100, 2)))
    assert losses[0] > losses[1]


def test_validation_has_a_loss_with_and_without_training(tmp_path: Path) -> None:
    engine = StandIn()
    tuned(engine, tmp_path)
    held_out = sentences(100, 2)
    assert (
        engine.loss(tmp_path, held_out) < engine.loss(None, held_out) == pytest.approx(0.693, 0.01)
    )


def test_an_answer_that_was_never_trained_costs_much(tmp_path: Path) -> None:
    engine = StandIn()
    tuned(engine, tmp_path)
    assert engine.loss(tmp_path, [record("A film", "neutral")]) > 20


def test_an_answer_is_cut_at_the_limit_of_tokens() -> None:
    answer = StandIn(base_unparsed_rate=1).answer(None, SYSTEM, asked("A witty film."), 5)
    assert (answer.stop_reason, answer.output_tokens, len(answer.text)) == ("max_tokens", 5, 20)


def test_tokens_are_counted_in_and_out(tmp_path: Path) -> None:
    engine = StandIn(error_rate=0)
    tuned(engine, tmp_path)
    answer = engine.answer(tmp_path, "12345678", asked("fresh and warm, "), 5)
    assert (answer.text, answer.stop_reason) == ("positive", "end_turn")
    assert (answer.input_tokens, answer.output_tokens) == (6, 2)


def test_what_the_report_raises_ends_the_training(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(step: StepMetrics) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        StandIn().fine_tune(sentences(20, 1), 1, 1e-5, 42, tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [1, MOST_ANSWERS + 1])
def test_too_few_or_too_many_answers_are_refused_with_their_number(
    count: int, tmp_path: Path
) -> None:
    records = [record("A film", f"label {number}") for number in range(count)]
    with pytest.raises(GenerativeError, match=rf"got {count}\."):
        StandIn().fine_tune(records, 1, 1e-5, 42, tmp_path, lambda step: None)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GenerativeError, match="holds no model"):
        StandIn().answer(tmp_path, SYSTEM, asked("A film"), 5)


@pytest.mark.parametrize(
    ("system", "labels"),
    [
        (SYSTEM, ["positive", "negative"]),
        ("Choose:\n- sport\n- world news\n- sport\n", ["sport", "world news"]),
        ("The labels are: no. 1, no. 2. Answer with one.", ["no. 1", "no. 2"]),
        ("The labels are: a, b. Answer: with one, please.", ["a", "b"]),
        ("Say something.", []),
    ],
)
def test_the_base_model_reads_the_labels_in_the_prompt(system: str, labels: list[str]) -> None:
    assert labels_of(system) == labels
