"""serve.yaml: each mistake and each combination that SageMaker refuses has line, rule and fix."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.errors import InvalidServeSpecError
from thriftline.serving.domain.combinations import refusals
from thriftline.serving.domain.kinds import Kind, ServingWish
from thriftline.serving.domain.refusal import Current
from thriftline.serving.schemas.serve_yaml import parse_serve_yaml


def wish_of(text: str) -> ServingWish:
    return parse_serve_yaml(text.encode()).wish


def problem(text: str) -> str:
    with pytest.raises(InvalidServeSpecError) as raised:
        parse_serve_yaml(text.encode())
    return str(raised.value)


def answers(text: bytes) -> list[str]:
    """The lines against a file, none where it is taken."""
    try:
        parse_serve_yaml(text)
    except InvalidServeSpecError as error:
        return str(error).splitlines()
    return []


def test_no_file_and_an_empty_one_are_the_defaults() -> None:
    assert parse_serve_yaml(None).spec == parse_serve_yaml(b"").spec
    assert parse_serve_yaml(b"").wish.kind is Kind.REAL_TIME
    assert parse_serve_yaml(b"").wish.capture_percent == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "serve.yaml line 1: the file holds a list"),
        ("kind: real-time\nkind: serverless", "serve.yaml line 2"),
        ("a: &x 1", "anchors and aliases"),
        ("roll_out: {}", "unknown key roll_out; allowed are version, kind"),
        ("rollout:\n  typ: canary", "serve.yaml line 2: unknown key rollout.typ"),
        ("instance:\n  type: g5", "line 2: instance.type: must be a SageMaker type"),
        ("scaling: {min: 1}", "scaling.max: Field required"),
        ("schedule: {on: 8 am, off: cron(0 19 * * ? *)}", "schedule.on: must be cron(...)"),
        (
            "schedule: {timezone: Berlin, on: cron(0 8 * * ? *), off: cron(0 19 * * ? *)}",
            "is no time zone",
        ),
        (
            "schedule: {on: cron(0 8 * * ? *), off: cron(0 8 * * ? *)}",
            "it would never be in service",
        ),
        ("schedule: {on: cron(0 8 * * * *), off: cron(0 19 * * ? *)}", "serve.yaml line 1"),
        ("capture: {percent: 101}", "less than or equal to 100"),
        ("version: 2", "version: should be 1"),
        ("instance: {count: '2'}", "should be a valid integer"),
    ],
)
def test_a_mistake_names_its_place_and_its_rule(text: str, said: str) -> None:
    assert said in problem(text)


TWO = "instance: {count: 2}\n"
REFUSED = [
    ("rollout: {type: canary}", "one instance cannot have a canary", "instance.count: 2"),
    (f"{TWO}rollout: {{type: canary, percent: 60}}", "1 to 50 %", "say 50"),
    (f"{TWO}rollout: {{type: linear, percent: 5}}", "10 to 50 %", "say 10"),
    (f"{TWO}rollout: {{type: rolling, percent: 4}}", "5 to 50 %", "say 5"),
    ("instance: {count: 4}\nrollout: {type: rolling, instances: 3}", "75 %", "say 1 to 2"),
    (f"{TWO}rollout: {{type: canary, percent: 10, instances: 1}}", "not both", "out"),
    ("rollout: {percent: 10}", "all-at-once has one step", "another type"),
    (f"{TWO}rollout: {{type: canary, wait_seconds: 7200}}", "at most 3,600", "kind: ab"),
    ("rollout: {bake_seconds: 4000}", "at most 3,600", "at most 3600"),
    (
        f"{TWO}rollout: {{type: canary, wait_seconds: 600, bake_seconds: 300, limit_seconds: 900}}",
        "above all waits together, which are 900",
        "longer limit",
    ),
    ("rollout: {limit_seconds: 30000}", "8 hours", "in these bounds"),
    (
        "instance: {count: 20}\nrollout: {type: linear, percent: 10, wait_seconds: 3600}",
        "8 hours",
        "larger steps",
    ),
    (f"{TWO}rollout: {{type: canary, wait_seconds: 120}}", "none of them can fire", "180"),
    ("rollout: {bake_seconds: 60}", "none of them can fire", "180"),
    (
        "alarms: {names: [a, b, c, d, e, f, g]}",
        "10 alarms at the most; 4 are",
        "at most 6 names",
    ),
    ("kind: serverless\ninstance: {type: ml.g5.xlarge}", "no GPU", "take instance out"),
    ("kind: serverless\ninstance: {count: 2}", "no instances", "take instance out"),
    ("kind: serverless\ncapture: {percent: 5}", "captures nothing", "say 0"),
    ("kind: serverless\nserverless: {memory_mb: 1500}", "steps of 1024", "say 2048"),
    (
        "kind: serverless\nserverless: {provisioned_concurrency: 9}",
        "at most max_concurrency (5)",
        "raise",
    ),
    ("kind: serverless\nrollout: {type: canary}", "no deployment guardrails", "all-at-once"),
    ("kind: serverless\nalarms: {names: [a]}", "no alarm rolls", "rollback"),
    ("kind: serverless\nscaling: {max: 3}", "scales by itself", "max_concurrency"),
    (
        "kind: serverless\nschedule: {on: cron(0 8 * * ? *), off: cron(0 19 * * ? *)}",
        "costs nothing",
        "out",
    ),
    ("kind: serverless\ncompare: {kind: ab}", "one variant", "real-time"),
    ("serverless: {memory_mb: 2048}", "no such settings", "kind: serverless"),
    ("asynchronous: {notify: true}", "no such settings", "kind: asynchronous"),
    ("component: {copies: 2}", "no such settings", "kind: component"),
    (
        "kind: multi-model\ninstance: {count: 2}\nrollout: {type: canary}",
        "no deployment guardrails",
        "all-at-once",
    ),
    ("kind: multi-model\ninstance: {type: ml.g5.xlarge}", "Triton", "CPU type"),
    (
        "kind: component\ncomponent: {copies: 4}\nrollout: {type: canary}",
        "in batches only",
        "rolling",
    ),
    ("kind: component\nrollout: {type: rolling}", "one copy cannot", "component.copies: 2"),
    (
        "kind: component\ninstance: {type: ml.m5.large}\ncomponent: {accelerators: 1}",
        "no accelerator",
        "GPU",
    ),
    ("kind: component\nscaling: {min: 0, max: 2}", "alarm that wakes", "to_zero: true"),
    ("scaling: {min: 0, max: 2, to_zero: true}", "at least one instance", "schedule"),
    ("kind: asynchronous\nscaling: {min: 1, max: 2, to_zero: true}", "below min", "min: 0"),
    ("scaling: {min: 3, max: 2}", "max is below min", "larger"),
    ("instance: {count: 9}\nscaling: {max: 2}", "outside of scaling", "in these bounds"),
    (
        "kind: asynchronous\nscaling: {max: 2, requests_per_second: 5}",
        "no InvocationsPerInstance",
        "auto",
    ),
    ("instance: {type: ml.t2.medium}\nscaling: {max: 2}", "burstable", "ml.m5.large"),
    (
        "scaling: {min: 1, max: 4}\nrollout: {type: canary}",
        "one instance cannot",
        "scaling.min: 2",
    ),
    (
        "kind: component\nschedule: {on: cron(0 8 * * ? *), off: cron(0 19 * * ? *)}",
        "does not scale to zero",
        "to_zero: true",
    ),
    (f"{TWO}rollout: {{type: rolling}}\ncompare: {{}}", "excludes several variants", "canary"),
    (
        "instance: {type: ml.inf1.xlarge, count: 2}\nrollout: {type: canary}",
        "does not say so",
        "all-at-once",
    ),
    ("budget: {max_rollout_usd: 2, unpriced: true}", "cannot be held", "take"),
]


@pytest.mark.parametrize(("text", "rule", "fix"), REFUSED)
def test_a_combination_is_refused_with_line_rule_and_fix(text: str, rule: str, fix: str) -> None:
    said = problem(text)
    assert rule in said
    assert fix in said
    assert all(line.startswith("serve.yaml line ") for line in said.splitlines()), said


ALLOWED = [
    "kind: serverless",
    "kind: multi-model\ninstance: {type: ml.m5.xlarge, count: 2}",
    "kind: asynchronous\nscaling: {min: 0, max: 2, to_zero: true}",
    "kind: component\nscaling: {min: 0, max: 2, to_zero: true}\n"
    "schedule: {on: cron(0 8 * * ? *), off: cron(0 19 * * ? *)}",
    f"{TWO}rollout: {{type: canary, percent: 50}}",
    "instance: {count: 4}\nrollout: {type: rolling, instances: 2}",
    "schedule: {timezone: Europe/Berlin, on: cron(0 8 ? * MON-FRI *), off: cron(0 19 * * ? *)}",
    "scaling: {min: 2, max: 8, requests_per_second: 12.5}\nrollout: {type: linear}",
    "capture: {percent: 100}\nquality: {least_accuracy: 0.9}\ncompare: {kind: ab}",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_sagemaker_takes_is_taken(text: str) -> None:
    assert refusals(wish_of(text)) == []


@pytest.mark.parametrize(
    ("text", "current", "rule"),
    [
        ("kind: serverless", Current(Kind.REAL_TIME), "refuses to make instances serverless"),
        ("", Current(Kind.SERVERLESS), "cannot be undone"),
        ("", Current(Kind.ASYNCHRONOUS), "cannot become real-time"),
        ("", Current(Kind.REAL_TIME, ("AllTraffic",)), "keeps the names of the variants"),
        ("", Current(Kind.REAL_TIME, ("main", "challenger")), "main, challenger, not only main"),
        (
            f"{TWO}rollout: {{type: canary}}",
            Current(Kind.REAL_TIME, instances=1, scaled=True),
            "one instance cannot have a canary",
        ),
    ],
)
def test_a_change_that_sagemaker_refuses_is_refused(text: str, current: Current, rule: str) -> None:
    found = refusals(wish_of(text), current)
    assert [rule in one.rule for one in found] == [True]


def test_the_same_kind_and_variant_may_change() -> None:
    assert refusals(wish_of(""), Current(Kind.REAL_TIME)) == []


def test_a_command_may_say_a_part_otherwise() -> None:
    read = parse_serve_yaml(
        b"instance: {count: 4}\nrollout: {type: canary, percent: 25}",
        {"rollout": {"type": "all-at-once", "percent": None}},
    )
    assert read.wish.rollout.type == "all-at-once"
    assert read.wish.instances == 4
    assert "rollout.type" in read.wish.named


@given(st.binary(max_size=300))
def test_any_bytes_get_a_spec_or_an_answer(text: bytes) -> None:
    assert all(line.startswith("serve.yaml") for line in answers(text))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)
SECTIONS = st.sampled_from(
    ["kind", "instance", "serverless", "scaling", "rollout", "alarms", "capture", "schedule"]
)
KEYS = st.sampled_from(["type", "count", "max", "min", "percent", "names", "on", "memory_mb"])


@given(st.dictionaries(SECTIONS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=4))
def test_any_document_gets_a_spec_or_an_answer(document: object) -> None:
    said = answers(json.dumps(document).encode())
    assert all(line.startswith("serve.yaml") for line in said)


def test_mistakes_are_told_in_the_order_of_the_file() -> None:
    text = b"zzz: 1\naaa: 2\nrollout: {zebra: 1, apple: 2}\nkind: real_time\nmmm: 3\n"
    with pytest.raises(InvalidServeSpecError) as refused:
        parse_serve_yaml(text)
    places = [line.split(": ")[0] for line in str(refused.value).splitlines()]
    assert places == [f"serve.yaml line {number}" for number in (1, 2, 3, 3, 4, 5)]


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [("timezone", "Europe/Berln", 5), ("on", "cron(0 8 * * * *)", 3)],
)
def test_a_fault_of_the_schedule_names_its_own_line_and_value(
    key: str, value: str, line: int
) -> None:
    told = {
        "on": "cron(0 8 ? * MON-FRI *)",
        "off": "cron(0 19 ? * MON-FRI *)",
        "timezone": "Europe/Berlin",
        key: value,
    }
    rows = "".join(f"  {name}: {told[name]}\n" for name in ("on", "off", "timezone"))
    with pytest.raises(InvalidServeSpecError) as refused:
        parse_serve_yaml(f"kind: real-time\nschedule:\n{rows}".encode())
    said = str(refused.value)
    assert said.startswith(f"serve.yaml line {line}: schedule.{key}: ")
    assert json.loads(said.rpartition("given was ")[2].removesuffix(".")) == value
