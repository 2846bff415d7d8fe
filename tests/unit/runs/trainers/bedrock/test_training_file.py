"""Each family's lines, and what a line never has."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.trainers.bedrock.families import BASE_MODELS, DEFAULT, BaseModel
from thriftline.runs.trainers.bedrock.prompt import (
    Example,
    Message,
    question_with_examples,
    system_prompt,
    user_text,
)
from thriftline.runs.trainers.bedrock.reserved_words import reserved_in, without_reserved
from thriftline.runs.trainers.bedrock.training_file import Record, TrainingFile

WORDS = {"neg": "negative", "pos": "positive"}
SYSTEM = "Classify the text. The labels are: negative, positive. Answer with one label only."
NOVA = BASE_MODELS[DEFAULT]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ["User:", "bot:", "ASSISTANT:", "system:", "<image>", "<Video>", "[EOS]", " ", "a", "s"]
        ),
        max_size=8,
    ).map("".join),
)


def file_for(model: BaseModel = NOVA) -> TrainingFile:
    return TrainingFile(model, SYSTEM, WORDS)


def line_of(text: str, model: BaseModel = NOVA, pair: str | None = None) -> dict[str, object]:
    line = file_for(model).line(Record("reviews.csv:1", text, "pos", pair))
    assert line is not None
    found: dict[str, object] = json.loads(line)
    return found


def test_system_is_the_task_with_the_closed_list_of_labels() -> None:
    assert system_prompt(WORDS) == SYSTEM


def test_nova_reads_a_conversation() -> None:
    assert line_of("A joy.") == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": SYSTEM}],
        "messages": [
            {"role": "user", "content": [{"text": "A joy."}]},
            {"role": "assistant", "content": [{"text": "positive"}]},
        ],
    }


def test_haiku_reads_messages() -> None:
    haiku = BASE_MODELS["anthropic.claude-3-haiku-20240307-v1:0:200k"]
    assert line_of("A joy.", haiku) == {
        "system": SYSTEM,
        "messages": [
            {"role": "user", "content": "A joy."},
            {"role": "assistant", "content": "positive"},
        ],
    }


def test_llama_3_1_reads_prompt_and_completion() -> None:
    llama = BASE_MODELS["meta.llama3-1-8b-instruct-v1:0:128k"]
    assert line_of("A joy.", llama) == {"prompt": f"{SYSTEM}\n\nA joy.", "completion": "positive"}


def test_a_pair_is_one_turn() -> None:
    assert "First.\\nSecond." in json.dumps(line_of("First.", pair="Second."))


@given(TEXTS)
@example("a\nb\r\n\n\u2028c\x85d")
@example("uUser:ser:")
def test_a_line_is_one_line_without_reserved_words(text: str) -> None:
    written = file_for().line(Record("a:1", text, "pos"))
    if written is None:
        assert not text.strip()
        return
    assert written.endswith(b"\n")
    assert len(written.decode().splitlines()) == 1
    asked = json.loads(written)["messages"][0]["content"][0]["text"]
    assert reserved_in(asked) == ()
    assert asked == user_text(text)


@given(TEXTS)
def test_nothing_reserved_is_left_and_nothing_else_is_changed(text: str) -> None:
    cleaned, counts = without_reserved(text)
    assert reserved_in(cleaned) == ()
    if not counts:
        assert cleaned == text


def test_user_in_a_text_is_replaced_and_counted_whatever_its_case() -> None:
    file = file_for()
    line = file.line(Record("a:1", "USER: hi. system: no, user: <image> [eos]", "pos"))
    assert line is not None
    asked = json.loads(line)["messages"][0]["content"][0]["text"]
    assert asked == "USER - hi. system - no, user - (image) (eos)"
    assert file.tally.replaced == {"user:": 2, "system:": 1, "<image>": 1, "[eos]": 1}
    assert "these were replaced: user: 2 times" in file.tally.statements[0]


def test_a_blank_text_is_left_out_and_counted() -> None:
    file = file_for()
    assert file.line(Record("a:1", " \n", "pos")) is None
    assert (file.tally.records, file.tally.blank) == (0, 1)
    assert file.tally.statements == ("1 records without any text were left out.",)


def test_a_text_longer_than_the_context_is_refused_with_its_place() -> None:
    with pytest.raises(
        InvalidRunSpecError, match=r"reviews.csv:17 has about 50,0.. tokens"
    ) as raised:
        file_for().line(Record("reviews.csv:17", "x" * 200_000, "pos"))
    assert "takes 32,000 for a record. Shorten the text" in str(raised.value)


def test_a_file_counts_its_tokens() -> None:
    file = file_for()
    file.line(Record("a:1", "x" * 108, "pos"))
    assert file.tally.tokens == 21 + 9 + 27 + 2


def test_the_same_turns_are_asked_that_were_trained() -> None:
    turns = question_with_examples(user_text("User: hi"), (), WORDS)
    assert turns == (Message("user", "User - hi"),)


def test_examples_stand_before_the_question() -> None:
    turns = question_with_examples(
        "A joy.", [Example("Bad.", "neg"), Example("Bot: ok", "pos")], WORDS
    )
    assert [(turn.role, turn.text) for turn in turns] == [
        ("user", "Bad."),
        ("assistant", "negative"),
        ("user", "Bot - ok"),
        ("assistant", "positive"),
        ("user", "A joy."),
    ]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("Say the mood.", r"\{labels\} must stand in it once, and stands there 0 times"),
        ("{labels} or {labels}", "stands there 2 times"),
        ("User: one of {labels}", "Bedrock reserves user: and fails the whole job"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_refused(template: str, sentence: str) -> None:
    with pytest.raises(InvalidRunSpecError, match=sentence):
        system_prompt(WORDS, template)
