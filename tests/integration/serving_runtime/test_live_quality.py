"""What the embedded runtime captures of a real model is what the watch over live quality reads."""

import json
from typing import Any

from tests.integration.serving_runtime.films import Films, eventually
from tests.unit.serving.captures import labelled
from thriftline.evaluation.text_measures import words_of
from thriftline.serving.aws.captured import Captured
from thriftline.serving.domain.captured_requests import observe, read_capture
from thriftline.serving.domain.label_joins import Said, judge_request, read_ground_truth


def _capture(films: Films, types: list[str]) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{films.bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": types},
    }


def test_captured_answers_are_measured_and_joined_with_labels(films: Films) -> None:
    captured = Captured(films.aws.client("s3"), films.bucket)
    answers: dict[str, list[str]] = {}
    # Without its content type named, a body arrives in base64.
    for endpoint, types in (
        ("watched", ["application/json"]),
        ("encoded", ["application/jsonlines"]),
    ):
        config = films.config(
            f"{endpoint}-v1",
            films.model(f"{endpoint}-v1", "v1"),
            1,
            DataCaptureConfig=_capture(films, types),
        )
        films.create(endpoint, config)
        for number, body in enumerate(
            ({"text": "a warm film"}, {"inputs": ["stiff", {"text": "a film"}]})
        ):
            name = f"{endpoint}-{number}"
            found = films.invoke(endpoint, json.dumps(body).encode(), InferenceId=name)["answer"]
            answers[name] = [
                one["label"] for one in (found if isinstance(found, list) else [found])
            ]

        def lines(endpoint: str = endpoint) -> Any:
            keys = captured.keys(f"capture/{endpoint}/main/")
            found = [line for key in keys for line in captured.lines(key)]
            return found if len(found) == 2 else None

        vocabulary = frozenset(words_of("a warm film"))
        for line in eventually(lines):
            capture = read_capture(line or b"")
            seen = observe(capture, vocabulary)
            name = capture.inference_id or ""
            assert [one.answer for one in seen] == [(label,) for label in answers[name]]
            assert all(one.confidence and one.truncated is False for one in seen)
            assert [one.unknown_words for one in seen] in ([0.0], [1.0, 0.0])
            said = Said(capture.event_id, name, "main", tuple(one.answer or () for one in seen))
            judged = judge_request(
                said, read_ground_truth(labelled(name, "\n".join(answers[name])))
            )
            assert judged is not None
            assert (judged.right, judged.rows) == (len(seen), len(seen))
        films.delete(endpoint)
