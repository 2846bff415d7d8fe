"""Serving on this machine, as a story: a model is deployed, a bad one is rolled back by an alarm.

Every step is the command that a person would type, against the embedded AWS; every answer is that
of the image's own `serve`, with the artifact of a training that ran here.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from laptop import demo, sample_data
from laptop.demo_error import DemoError
from laptop.demo_serving_models import number_of, register_pruned, reject
from laptop.demo_serving_shadow import label_disagreements
from laptop.demo_serving_traffic import Traffic, ask
from laptop.sample_data import Row
from laptop.stack import push_image
from local_aws.clients import ACCESS_KEY, SECRET_KEY
from local_aws.options import ROOT
from local_aws.server import EmbeddedAws

RUN_YAML = ROOT / "events/demo_serving_run.yaml"
SERVE_YAML = ROOT / "events/demo_serve.yaml"
# A canary of five minutes bakes in ten seconds; the trainings take what they take.
TIME_SCALE = 30.0
FIRST_ROWS = 160
LAST_ROWS = 600
VALIDATION_ROWS = 100
TEST_ROWS = 200
ENDPOINT = f"thriftline-{demo.PROJECT}"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


def run_demo(aws: EmbeddedAws, folder: Path, console: Console) -> None:
    """Deploy, roll back, compare, sleep and wake; leave the page of the endpoint in `folder`.

    Raises:
        DemoError: something did not end as it should.
    """
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    story = Story(aws, folder, console)
    story.first_version()
    story.bad_version()
    story.good_version()
    story.back()
    story.shadow()
    story.sleep_and_wake()
    story.page()
    console.print(f"took {time.monotonic() - started:.0f} s", highlight=False)


class Story:
    """The steps in their order, and what they know of each other."""

    def __init__(self, aws: EmbeddedAws, folder: Path, console: Console) -> None:
        """Keep where it happens."""
        self.aws, self.folder, self.console = aws, folder, console
        self.rows = sample_data.held_out_rows(VALIDATION_ROWS + TEST_ROWS)
        self.first = ""
        self.good = 0

    def first_version(self) -> None:
        """Train a model and put it behind an endpoint."""
        push_image(self.aws)
        demo.put(self.aws, "validation.csv", sample_data.as_csv(self.rows[:VALIDATION_ROWS]))
        demo.put(self.aws, "test.csv", sample_data.as_csv(self.rows[VALIDATION_ROWS:]))
        self.first = self._train(FIRST_ROWS, "The first model")
        demo.put(self.aws, "serve.yaml", SERVE_YAML.read_bytes())
        self.console.rule("serve.yaml, beside the data")
        self.console.print(escape(SERVE_YAML.read_text().strip()), highlight=False)
        self.console.rule("Version 1 goes behind an endpoint")
        self._command("deploy", "--dry-run")
        self._command("deploy", "--wait", "--why", "the first")
        for row in self.rows[:2]:
            answer, _ = ask(self.aws.client("sagemaker-runtime"), ENDPOINT, row.text)
            self.console.print(f"{row.text[:60]!r} → {answer['label']}", highlight=False)

    def bad_version(self) -> None:
        """Roll out what really fails; the alarm on its errors turns it around."""
        bad = register_pruned(self.aws, self.first)
        self.console.rule(f"Version {bad}: its vocabulary was pruned, its tokenizer was not")
        with self._traffic() as traffic:
            ended = self._command("deploy", "--wait", "--why", "smaller", code=1)
        self.console.print(f"{traffic.sentence}, all by the canary alone", highlight=False)
        if ended["ending"] != "rolled_back":
            raise DemoError(f"the bad version ended as {ended['ending']}: {ended['reason']}")
        reject(self.aws, self.first, bad)

    def good_version(self) -> None:
        """Train on more, and roll that out while people ask."""
        arn = self._train(LAST_ROWS, "A better model")
        self.good = number_of(arn)
        self.console.rule(f"Version {self.good}, by the same canary")
        with self._traffic() as traffic:
            self._command("deploy", "--wait", "--why", "more sentences")
        self.console.print(traffic.sentence, highlight=False)
        if set(traffic.outcomes) != {"answered"}:
            raise DemoError("requests failed during a good deployment")

    def back(self) -> None:
        """Bring the version before back."""
        self.console.rule("Back to the version before, in one command")
        with self._traffic() as traffic:
            self._command("rollback", "--wait", "--why", "to show it")
        self.console.print(traffic.sentence, highlight=False)

    def shadow(self) -> None:
        """Let the newer version answer the same requests in the shadow, and judge."""
        self.console.rule(f"Version {self.good} in the shadow of version 1")
        asked = self._command("compare", "start", "--version", str(self.good))
        test = self.rows[VALIDATION_ROWS:]
        machine = self.aws.outputs["CompareModelsStateMachineArn"]
        execution = f"{machine.replace(':stateMachine:', ':execution:')}:{asked['experiment_id']}"
        found = label_disagreements(self.aws, ENDPOINT, execution, test)
        self.console.print(found.sentence, highlight=False)
        found.wait()
        self._command("compare", "status")

    def sleep_and_wake(self) -> None:
        """Put the endpoint to sleep as its schedule would, and wake it."""
        self.console.rule("Sleep and wake, as a schedule does")
        on, off = "cron(0 8 ? * MON-FRI *)", "cron(0 19 ? * MON-FRI *)"
        self._command("schedule", "set", "--on", on, "--off", off, "--timezone", "Europe/Berlin")
        self._command("schedule", "sleep", "--wait")
        runtime = self.aws.client("sagemaker-runtime")
        self.console.print(f"asleep: {ask(runtime, ENDPOINT, 'hello')[1]}", highlight=False)
        self._command("schedule", "wake", "--wait")
        self.console.print(f"awake: {ask(runtime, ENDPOINT, 'hello')[1]}", highlight=False)

    def page(self) -> None:
        """Leave the page, and a picture of it where a browser is there."""
        self.console.rule("What happened")
        self._command("list")
        page = self.folder / "index.html"
        bucket = self.aws.outputs["ArtifactsBucketName"]
        self.aws.client("s3").download_file(bucket, f"serving/{ENDPOINT}/index.html", str(page))
        self.console.print(f"page  {page.relative_to(ROOT)}", highlight=False)
        picture = photographed(page)
        if picture is not None:
            self.console.print(f"picture  {picture.relative_to(ROOT)}", highlight=False)

    def _train(self, rows: int, title: str) -> str:
        upload = demo.Upload(
            title, f"{rows} sentences.", sample_data.train_rows(rows), "succeeded", f"run-{rows}"
        )
        finished = demo.one_upload(self.aws, upload, self.folder, self.console, RUN_YAML)
        return str(finished.result["model_package_arn"])

    def _traffic(self) -> Traffic:
        return Traffic(self.aws, ENDPOINT, self._asked())

    def _asked(self) -> Sequence[Row]:
        return self.rows[VALIDATION_ROWS:]

    def _command(self, name: str, *more: str, code: int = 0) -> dict[str, Any]:
        """Run a command as a person would, in this terminal's sight; return its JSON answer."""
        line = [name, demo.PROJECT, *more]
        self.console.print(f"$ thriftline endpoints {shlex.join(line)}", style="bold")
        if "--wait" in more:
            line += ["--every", "1s"]
        with subprocess.Popen(
            # What a person is asked, whoever runs the demo has answered.
            [*_THRIFTLINE, "--yes", "endpoints", *line, "--output", "json"],
            cwd=ROOT,
            env={**os.environ, **self._environment()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            # The answer is small: it waits in its pipe while what is said is shown.
            for said in process.stderr or ():
                self.console.print(f"  {escape(said.rstrip())}", highlight=False)
            written = process.stdout.read() if process.stdout else ""
        if process.returncode != code:
            raise DemoError(f"{name} ended with {process.returncode}: {written}")
        answer: Any = json.loads(written)
        for key, value in answer.items() if isinstance(answer, dict) else ():
            if key in _SHOWN and value is not None:
                self.console.print(f"  {key}  {escape(str(value))}", highlight=False)
        if isinstance(answer, list):
            for each in answer:
                # Its last part tells it apart here.
                own = each["deployment_id"].rpartition("-")[2]
                told = f"{own}  {each['ending']}  {each['reason']}"
                self.console.print(f"  {escape(told)}", highlight=False)
        return answer if isinstance(answer, dict) else {}

    def _environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_DEFAULT_REGION": self.aws.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }


_THRIFTLINE = (sys.executable, "-m", "thriftline_cli")
_SHOWN = (
    "ending",
    "reason",
    "requests",
    "rollout_usd",
    "month_usd",
    "outcome",
    "hours_a_month",
    "counts",
    "shadow",
)


def photographed(page: Path) -> Path | None:
    """Return a picture of a page, None where there is no browser."""
    browser = next((one for one in CHROMIUM if Path(one).exists()), None)
    if browser is None:
        return None
    picture = page.with_suffix(".png")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=1100,1800",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=False,
        capture_output=True,
        timeout=60,
    )
    return picture if picture.exists() else None
