"""A hundred uploads that mean harm, through the steps from the key to the result.

Each ends: as an upload that starts no run and says why, or as a run with a result. Nothing crashes,
what people read shows no raw control character, and no job is ever asked for.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.runs.open_world import FOLDER, NOW, World, open_world
from tests.unit.runs.registry_fakes import FakeRegistryClient
from tests.unit.runs.trainers_fixture import trainers_over
from thriftline.core.aws.event_bus import EventBus
from thriftline.core.errors import ThriftlineError
from thriftline.core.message import Message
from thriftline.core.observability import LONGEST_MESSAGE, is_too_long, shortened
from thriftline.core.text import has_hidden
from thriftline.datasets.engine.rules import WorkLimits
from thriftline.runs.aws.finished_runs import FinishedRuns
from thriftline.runs.aws.model_registry import ModelRegistry
from thriftline.runs.domain.ceilings import Ceilings
from thriftline.runs.domain.layout import Upload, run_id_of
from thriftline.runs.schemas.result import Result
from thriftline.runs.schemas.steps.ending import Failure, PublishResultRequest
from thriftline.runs.steps.explain_upload import explain_upload
from thriftline.runs.steps.plan_run import plan_run
from thriftline.runs.steps.publish_result import publish_result
from thriftline.runs.steps.validate_dataset import validate_dataset

# Nothing is allowed to cost anything, so that no input may come as far as a job.
CLOSED = Ceilings(Decimal(0), ("ml.*",), 0.8, 10, 0.1, True, ("sagemaker",))
ESCAPE, TURN, LINE = "\x1b[2J", "\u202e", "\u2028"

KEYS = [
    "../../etc/passwd",
    "datasets",
    "datasets/",
    "datasets//train.csv",
    "datasets/reviews/",
    "datasets/reviews/../other/train.csv",
    "datasets/reviews/deeper/train.csv",
    "datasets/re views/train.csv",
    "datasets/-reviews/train.csv",
    f"datasets/{'a' * 33}/train.csv",
    f"datasets/reviews/{'a' * 900}.txt",
    f"datasets/reviews/{ESCAPE}.csv",
    f"datasets/reviews/a{TURN}vsc.csv",
    f"datasets/reviews/a{LINE}b.csv",
    "datasets/reviews/a\r\nBcc: everybody@example.com.csv",
    "datasets/reviews/a\x00.csv",
    "datasets/reviews/\u200b.csv",
    "datasets/reviews/<script>alert(1)</script>.txt",
    "datasets/reviews/$(reboot).sh",
    "datasets/reviews/run.yml",
    "datasets/reviews/Run.yaml",
    "datasets/reviews/run.yaml ",
    "datasets/reviews/train.CSV",
    "datasets/reviews/train.csv ",
    "datasets/reviews/train.tsv",
    "datasets/\u0440eviews/train.csv",
]
SPECS = [
    "budget: {max_usd: 1000000}\ntraining: {instance_type: ml.p5.48xlarge}\n",
    "budget: {max_usd: -1}\n",
    "budget: {max_usd: 1e999}\n",
    "budget: {max_usd: .nan}\n",
    "training: {max_runtime_seconds: 2419200}\n",
    "training: {max_attempts: 1000}\n",
    "training: {instance_count: 1000}\n",
    "gate: {confidence: 0.5}\n",
    "gate: {minimum_test_size: 0}\n",
    "gate: {champion_margin: 2}\n",
    "gate: {minimum: .inf}\n",
    "seed: " + "9" * 3000,
    "seed: 0x" + "f" * 20_000,
    "seed: !!python/object/apply:os.system [reboot]\n",
    "seed: &a 1\n",
    "seed: *a\n",
    "a: &a [*a]\n",
    "[" * 50_000,
    "{" * 50_000,
    "- " * 20_000,
    "? [a]\n: 1\n",
    "2026-11-29: 1\n",
    "".join(f"k{n}: 1\n" for n in range(6_500)),
    f"base_model: {'a' * 60_000}\n",
    "base_model: ../../weights\n",
    "base_model: s3://other-bucket/../x/\n",
    f'columns: {{text: "{TURN}x"}}\n',
    f'columns: {{text: "{LINE}x"}}\n',
    'columns: {text: "\\e[2J"}\n',
    "columns: {text: label}\n",
    "columns: {text: <script>alert(1)</script>}\n",
    "dataset: {train: [../../other/secret.csv]}\n",
    "dataset: {train: ['*', '?', '[!a]'], test: ['*']}\n",
    "dataset: {train: ['" + "*a" * 250 + "']}\n",
    "\x00\x01\x02",
    "\ufeffseed: 1\nseed: 2\n",
    "#" * 70_000,
    "---\n---\n---\n",
    "repeat: 1\n",
]


def csv_of(label: str, text: str = "a plain text number {n}") -> bytes:
    rows = [f'"{text.format(n=n)}","{(label, "other")[n % 2]}"' for n in range(60)]
    return ("text,label\n" + "\n".join(rows) + "\n").encode("utf-8", "surrogatepass")


FILES: list[tuple[str, bytes]] = [
    ("a.csv", csv_of(f"red {ESCAPE}")),
    ("a.csv", csv_of(f"{TURN}gnp.exe")),
    ("a.csv", csv_of(f"a{LINE}b")),
    ("a.csv", csv_of("a\r\nBcc: b@example.com")),
    ("a.csv", csv_of("<img src=x onerror=alert(1)>")),
    ("a.csv", csv_of("{{ 7 * 7 }}{% raw %}")),
    ("a.csv", csv_of("=cmd|' /C calc'!A0")),
    ("a.csv", csv_of("x" * 256)),
    ("a.csv", csv_of("x" * 300)),
    ("a.csv", csv_of("\u200b")),
    ("a.csv", csv_of("\x00")),
    ("a.csv", csv_of("nan")),
    ("a.csv", csv_of("-1")),
    ("a.csv", csv_of("\ud800")),
    ("a.csv", csv_of("caf\u00e9")),
    ("a.csv", csv_of("billing@example.com")),
    ("a.csv", csv_of("other", "the same text")),
    ("a.csv", csv_of("good", f"{ESCAPE}{TURN} {{n}}")),
    ("a.csv", csv_of("good", "<script>alert({n})</script>")),
    ("a.csv", b""),
    ("a.csv", b"\n\n\n"),
    ("a.csv", b"text,label\n"),
    ("a.csv", b"text,label,label\n1,2,3\n"),
    ("a.csv", b'text,label\n"never closed,' + b"x" * 3_000_000),
    ("a.csv", "text,label\na,b\n".encode("utf-16")),
    ("a.csv", gzip.compress(csv_of("good"))),
    ("a.csv.gz", gzip.compress(b"a" * 40_000_000)),
    ("a.csv.gz", gzip.compress(gzip.compress(csv_of("good")))),
    ("a.csv.gz", gzip.compress(csv_of("good"))[:-9]),
    ("a.csv.gz", b"no gzip"),
    ("a.jsonl", b"[" * 100_000),
    ("a.jsonl", b'{"text": "a", "label": ' + b"1" * 5_000 + b"}\n"),
    ("a.jsonl", b'{"text": NaN, "label": "a"}\n' * 30),
    ("a.jsonl", b'{"text": {"a": 1}, "label": ["b"]}\n' * 30),
    ("a.jsonl", b'{"text": "a", "label": "\\ud800"}\n' * 30),
    ("a.jsonl", b'{"a": ' * 5_000),
    ("a.parquet", b"PAR1" + b"\xff" * 1_000 + b"PAR1"),
    ("a.parquet", b"PAR1\xff\xff\xff\x7fPAR1"),
    ("a.parquet", b""),
]


class Bench:
    """The steps of one run, one after the other as the machine calls them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.finished = FinishedRuns(world.runs._client, "runs")
        self.events: list[dict[str, Any]] = []

    def put_events(self, **request: Any) -> dict[str, Any]:
        """Is the EventBridge client."""
        self.events += request["Entries"]
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def ends(self, upload: Upload) -> str:
        """Returns how it ended: the decision, or the status of the run's result."""
        try:
            answer = self.world.open(upload)
            if answer.decision != "open":
                assert answer.reason
                assert not has_hidden(answer.reason)
                return answer.decision
            run_id = str(answer.run_id)
            buckets = {"data": self.world.data, "artifacts": self.world.artifacts}
            validate_dataset(run_id, **buckets, limits=WorkLimits())
            plan_run(
                run_id,
                artifacts=self.world.artifacts,
                registry=ModelRegistry(cast("Any", FakeRegistryClient()), "stack"),
                trainers=trainers_over(self.world.artifacts),
                region="us-east-1",
                now=NOW,
                ceilings=CLOSED,
                finished=self.finished,
            )
        except ThriftlineError as error:
            return self.publish(upload, shortened(error) if is_too_long(error) else error)
        raise AssertionError("the run came as far as a job")

    def publish(self, upload: Upload, error: Exception) -> str:
        cause = {"errorMessage": str(error), "errorType": type(error).__name__}
        assert len(str(error)) <= LONGEST_MESSAGE
        publish_result(
            PublishResultRequest(
                run_id=None,
                upload=upload,
                execution_arn="e1",
                ending="rejected",
                failure=Failure(
                    state="a state", error=type(error).__name__, message=json.dumps(cause)
                ),
            ),
            artifacts=self.world.artifacts,
            runs=self.world.runs,
            approvals=self.world.approvals,
            registry=ModelRegistry(cast("Any", FakeRegistryClient()), "stack"),
            finished=self.finished,
            alerts=self.world.told.topic,
            bus=EventBus(cast("Any", self), "default"),
            measure=lambda _name, _value: None,
            now=NOW + timedelta(minutes=1),
        )
        prefix = f"runs/{run_id_of(upload, 'reviews')}/"
        result = Result.model_validate(self.world.artifacts.read_json(f"{prefix}result.json"))
        assert result.error is not None
        for page in ("report.html", "dataset.html"):
            self.check_page(self.world.artifacts.read(prefix + page))
        return result.status

    @staticmethod
    def check_page(body: bytes | None) -> None:
        if body is None:
            return
        page = body.decode()
        assert not has_hidden(page.replace("\n", "").replace("\t", ""))
        Tags().feed(page)


class Tags(HTMLParser):
    """Refuses what no page of ours holds."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img", "iframe", "object", "form"}
        assert not [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


@pytest.fixture
def bench(world: World) -> Bench:
    """A bench in an empty world; making a world takes longer than emptying one."""
    world.empty()
    return Bench(world)


def nothing_raw_and_nothing_spent(bench: Bench) -> None:
    for told in bench.world.told.messages:
        assert not has_hidden(told.replace("\n", "")), told
        assert len(told) < 6_000


def test_there_are_a_hundred() -> None:
    assert len(KEYS) + len(SPECS) + len(FILES) >= 100


@pytest.mark.parametrize("key", KEYS)
def test_a_hostile_key_starts_no_run_and_is_told_in_plain_text(bench: Bench, key: str) -> None:
    upload = Upload("data", key, "v1")
    answer = explain_upload(
        upload,
        artifacts=bench.world.artifacts,
        runs=bench.world.runs,
        alerts=bench.world.told.topic,
        now=NOW,
    )
    assert not has_hidden(answer.reason)
    assert len(answer.reason) < 600
    assert bench.ends(upload) == "ignored"
    nothing_raw_and_nothing_spent(bench)


@pytest.mark.parametrize("text", SPECS, ids=range(len(SPECS)))
def test_a_hostile_run_yaml_is_refused_or_holds_and_poisons_nothing(
    bench: Bench, text: str
) -> None:
    bench.world.upload("train.csv", csv_of("good"))
    spec = bench.world.upload("run.yaml", text.encode())
    assert bench.ends(spec) in ("rejected", "ignored")
    nothing_raw_and_nothing_spent(bench)
    # The project goes on with a run.yaml that can be read.
    mended = bench.world.upload("run.yaml", b"seed: 3\n")
    assert bench.world.open(mended, "e2").decision == "open"


@pytest.mark.parametrize(("name", "body"), FILES, ids=range(len(FILES)))
def test_a_hostile_file_ends_with_a_result(bench: Bench, name: str, body: bytes) -> None:
    put = bench.world.s3.put_object(Bucket="data", Key=FOLDER + name, Body=body)
    upload = Upload("data", FOLDER + name, put["VersionId"], "", len(body))
    assert bench.ends(upload) == "rejected"
    nothing_raw_and_nothing_spent(bench)


@settings(max_examples=200)
@given(st.text(max_size=80))
def test_any_key_is_answered_in_plain_text(key: str) -> None:
    class Quiet:
        """A bucket, a table and a topic that take everything."""

        messages: list[str] = []  # noqa: RUF012

        def is_first(self, what: str) -> bool:
            assert not has_hidden(what)
            return True

        def uri(self, key: str) -> str:
            return f"s3://artifacts/{key}"

        def write_json(self, key: str, body: str) -> None:
            assert not has_hidden(key + body.replace("\n", ""))

        def write(self, key: str, body: bytes, kind: str) -> None:
            assert not has_hidden(key + body.decode().replace("\n", ""))

        def send(self, message: Message) -> None:
            assert not has_hidden(message.title)
            assert not has_hidden((message.text + message.document()).replace("\n", ""))

    quiet = cast("Any", Quiet())
    for asked in (key, f"datasets/{key}", f"datasets/reviews/{key}"):
        upload = Upload("data", asked, "v1")
        answer = explain_upload(upload, artifacts=quiet, runs=quiet, alerts=quiet, now=NOW)
        assert not has_hidden(answer.reason)
