"""`endpoints ask`: what reaches the endpoint, how its answers are shown, and what refuses."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.sample_endpoints import endpoint_detail
from tests.unit.cli.fake_api import FakeApi, page
from thriftline_cli.endpoints.texts import batches
from thriftline_cli.exits import Exit

ENDPOINT = "thriftline-shop"


class Endpoint(FakeApi):
    """A stack with an endpoint that answers, or fails as it is told."""

    def __init__(self, **more: Any) -> None:
        super().__init__(environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, **more)
        self.calls: list[dict[str, Any]] = []
        self.error: ClientError | None = None
        self.answer_of: Any = lambda _: {"label": "good", "score": 0.98765, "truncated": False}
        self.is_as()
        self.routes["GET /endpoints"] = page({"endpoint": ENDPOINT})

    def is_as(self, **more: Any) -> None:
        self.routes[f"GET /endpoints/{ENDPOINT}"] = {**endpoint_detail(ENDPOINT), **more}

    def invoke_endpoint(self, **asked: Any) -> Any:
        body = json.loads(asked.pop("Body"))
        self.calls.append({**asked, "body": body})
        if self.error is not None:
            raise self.error
        answers = [self.answer_of(one) for one in body["inputs"]]
        return {"Body": io.BytesIO(json.dumps(answers).encode())}

    @property
    def inputs(self) -> list[list[dict[str, str]]]:
        return [one["body"]["inputs"] for one in self.calls]


@pytest.fixture
def api() -> Endpoint:
    return Endpoint()


def refusal(code: str, message: str = "no", **more: Any) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, **more}
    return ClientError(response, "InvokeEndpoint")


def test_each_text_has_a_label_and_a_score(api: Endpoint) -> None:
    assert api.command(["endpoints", "ask", "shop", "A warm film.", "Dull."]) == Exit.DONE
    head, first, second = api.out.splitlines()
    assert head.split() == ["LABEL", "SCORE", "TEXT"]
    assert first.split(maxsplit=2) == ["good", "0.9877", "A warm film."]
    assert second.endswith("Dull.")
    (call,) = api.calls
    assert call["EndpointName"] == ENDPOINT
    assert call["body"] == {"inputs": [{"text": "A warm film."}, {"text": "Dull."}]}


def test_a_program_gets_all_that_was_answered(api: Endpoint) -> None:
    api.answer_of = lambda _: {"label": "good", "score": 0.5, "truncated": True}
    assert api.command("endpoints ask shop hm --probabilities --output json") == Exit.DONE
    assert api.answer == [{"text": "hm", "label": "good", "score": 0.5, "truncated": True}]
    assert api.calls[0]["body"]["probabilities"] is True
    assert any("(truncated)" in line for line in api.said)
    api.command("endpoints ask shop hm --output text")
    assert api.out == "good\t0.5000\thm\n"


def test_several_labels_are_shown_with_their_probabilities(api: Endpoint) -> None:
    shares = {"a": 0.75, "b": 0.5, "c": 0.1}
    api.answer_of = lambda _: {"labels": ["a", "b"], "probabilities": shares}
    api.command("endpoints ask shop hm --output text")
    assert api.out == "a, b\t0.7500, 0.5000\thm\n"


def test_pairs_are_sent_as_pairs(api: Endpoint) -> None:
    line = "endpoints ask shop one two --pair eins --pair zwei"
    assert api.command(line) == Exit.DONE
    assert api.inputs == [
        [{"text": "one", "text_pair": "eins"}, {"text": "two", "text_pair": "zwei"}]
    ]
    assert api.command("endpoints ask shop one two --pair eins") == Exit.USAGE


def test_lines_of_stdin_and_of_a_file_are_texts_or_records(api: Endpoint, tmp_path: Path) -> None:
    lines = 'A text.\n\n{"text": "one", "text_pair": "eins", "label": "x"}\n'
    wanted = [[{"text": "A text."}, {"text": "one", "text_pair": "eins"}]]
    api.typed = lines
    assert api.command("endpoints ask shop") == Exit.DONE
    assert api.inputs == wanted
    api.calls.clear()
    (tmp_path / "texts.jsonl").write_text(lines)
    assert api.command(f"endpoints ask shop --file {tmp_path / 'texts.jsonl'}") == Exit.DONE
    assert api.inputs == wanted


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ('{"text": "a"', "line 2"),
        ('{"text": 3}', "line 2"),
        ('{"text_pair": "a"}', "line 2"),
        ('{"text": "a", "text_pair": " "}', "line 2"),
    ],
)
def test_a_record_that_is_none_is_named_and_nothing_is_asked(
    api: Endpoint, line: str, where: str
) -> None:
    api.typed = f"fine\n{line}\n"
    assert api.command("endpoints ask shop") == Exit.USAGE
    assert where in api.said[-1]
    assert api.calls == []


def test_without_a_text_nothing_is_asked(api: Endpoint) -> None:
    assert api.command("endpoints ask shop") == Exit.USAGE
    assert api.command(["endpoints", "ask", "shop", " "]) == Exit.USAGE
    assert api.command("endpoints ask shop --file /no/such") == Exit.NOT_FOUND
    assert api.command("--dry-run endpoints ask shop one") == Exit.DONE
    assert api.calls == []


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        ({"status": "Creating"}, Exit.REFUSED, "not in service"),
        ({"status": "Failed", "failure_reason": "no image"}, Exit.REFUSED, "no image"),
        ({"status": "missing"}, Exit.NOT_FOUND, "endpoints deploy shop"),
        ({"status": "asleep"}, Exit.REFUSED, "wakes at cron(0 7 ? * MON-FRI *) Europe/Paris"),
        ({"status": "asleep", "schedule": None}, Exit.REFUSED, "schedule shop wake"),
        ({"kind": "asynchronous"}, Exit.REFUSED, "thriftline transform shop"),
        ({"kind": "multi-model"}, Exit.USAGE, "--model"),
    ],
)
def test_what_cannot_answer_says_why(
    api: Endpoint, state: dict[str, Any], code: Exit, said: str
) -> None:
    api.is_as(**state)
    assert api.command("endpoints ask shop hm") == code
    assert said in api.said[-1]
    assert api.calls == []


@pytest.mark.parametrize("status", ["Updating", None])
def test_an_endpoint_that_changes_or_is_not_seen_is_asked(
    api: Endpoint, status: str | None
) -> None:
    api.is_as(status=status)
    assert api.command("endpoints ask shop hm") == Exit.DONE


def test_components_and_models_are_asked_by_their_names(api: Endpoint) -> None:
    api.is_as(kind="component")
    api.command("endpoints ask shop hm")
    api.is_as(kind="multi-model")
    api.command("endpoints ask shop hm --model shop-v1-0a.tar.gz")
    first, second = api.calls
    assert first["InferenceComponentName"] == f"{ENDPOINT}-model"
    assert second["TargetModel"] == "shop-v1-0a.tar.gz"


def test_where_there_is_no_endpoint_a_model_of_bedrock_is_named(api: Endpoint) -> None:
    api.routes["GET /endpoints"] = page()
    api.routes["GET /projects/shop/models"] = page()
    assert api.command("endpoints ask shop hm") == Exit.NOT_FOUND
    assert "endpoints deploy shop" in api.said[-1]
    approved = {"version": 2, "approval_status": "Approved", "trainer": "bedrock"}
    api.routes["GET /projects/shop/models"] = page(approved)
    assert api.command("endpoints ask shop hm") == Exit.NOT_FOUND
    assert "Bedrock" in api.said[-1]


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (refusal("AccessDeniedException"), Exit.NOT_ALLOWED, "sagemaker:InvokeEndpoint"),
        (refusal("ValidationError", "Endpoint x not found."), Exit.NOT_FOUND, "no endpoint"),
        (
            refusal("ModelError", OriginalStatusCode=400, OriginalMessage='{"error": "send both"}'),
            Exit.USAGE,
            "refuses (400): send both",
        ),
        (
            refusal("ModelError", OriginalStatusCode=500, OriginalMessage="oh"),
            Exit.FAILED,
            "failed (500): oh",
        ),
        (refusal("ThrottlingException"), Exit.FAILED, "Throttling"),
    ],
)
def test_what_sagemaker_refuses_is_one_sentence(
    api: Endpoint, error: ClientError, code: Exit, said: str
) -> None:
    api.error = error
    assert api.command("endpoints ask shop hm") == code
    assert said in api.said[-1]


def test_an_answer_of_another_form_is_shown(api: Endpoint) -> None:
    api.invoke_endpoint = lambda **_: {"Body": io.BytesIO(b'{"label": "x"}')}  # type: ignore[method-assign]
    assert api.command("endpoints ask shop hm") == Exit.FAILED
    assert '{"label": "x"}' in api.said[-1]


@given(st.integers(0, 450))
def test_batches_keep_every_text_in_its_order(count: int) -> None:
    records = [{"text": str(number)} for number in range(count)]
    found = list(batches(records))
    assert [one for batch in found for one in batch] == records
    assert all(0 < len(batch) <= 100 for batch in found)


def test_a_request_stays_below_what_sagemaker_takes() -> None:
    large = [{"text": "ü" * 700_000}] * 5
    assert [len(batch) for batch in batches(large)] == [2, 2, 1]
