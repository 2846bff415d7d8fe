"""The commands of README and the documents that run here, how they are typed, what they answer.

A person types it at a terminal of 80 columns, in a folder of their own, against an embedded AWS
that has what it speaks of, and says yes where it asks. Only what stands for a thing of the reader's
own is another word, and the pauses between two looks are shorter.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.clients import ACCESS_KEY, SECRET_KEY
from local_aws.server import EmbeddedAws
from tests.documents import ROOT, commands, spans
from tests.integration.cli.screen import COLUMNS, typed
from tests.integration.cli.terminal import Done
from tests.integration.documents.not_here import NOT_HERE
from tests.integration.documents.stand_ins import RUN, Prepared
from tests.integration.workflow.world import csv_of
from thriftline_cli.examples import EXAMPLES

AWS = Path(__file__).with_name("aws_command.py")
# What is about audits runs on an account of its own.
AUDITS = ("thriftline audit", "thriftline restore", "aws stepfunctions start-execution")
# What takes more than the gate has for all of it; tests/integration/cli/ has a shorter one.
THOROUGH = (
    "thriftline endpoints",
    "thriftline transform",
    "thriftline verify",
    "make estimate",
)
# Two pages may say the same in other words.
SAME = {
    RUN: "RUN",
    " --stack thriftline": "",
    "PROJECT": "reviews",
    "mine": "reviews",
    "DATA": "my.csv",
}
# What the answer of a command holds, by its first words.
ANSWERS = {
    "aws lambda invoke": r"outcome.*accepted",
    "aws s3 cp": r"^$",
    "aws secretsmanager create-secret": r"chat-webhook",
    "aws stepfunctions start-execution": r"executionArn",
    "make estimate": r"estimate\.json",
    "python preparation/bundle.py": r"",
    "python tests/containers/env_vars.py": r"RESTORE_MACHINE_ARN",
    "thriftline --help": r"COMMAND",
    "thriftline approvals approve": r"standing +approved",
    "thriftline approvals list": r"RUN .*WORST CASE(.|\n)*asking-",
    "thriftline approvals reject": r"standing +rejected",
    "thriftline audit accept": r"until +2027-03-31",
    "thriftline audit findings": r"SAVES A MONTH(.|\n)*high",
    "thriftline audit list": r"AUDIT .*FINDINGS(.|\n)*succeeded",
    "thriftline audit report": r"status +succeeded(.|\n)*report\.html",
    "thriftline audit run": r"status +succeeded(.|\n)*report\.html",
    "thriftline budget": r"left +\$[\d,]+\.\d\d",
    "thriftline completion": r"complete .*thriftline",
    "thriftline deploy": r"CHECK +IS +SENTENCE(.|\n)*quota",
    "thriftline endpoints abort": r"thriftline-reviews",
    "thriftline endpoints ask": r"good .*A warm film\.",
    "thriftline endpoints compare": r"experiment id +\S+",
    "thriftline endpoints deploy": r"thriftline-reviews",
    "thriftline endpoints get": r"endpoint +thriftline-reviews(.|\n)*ENTRY",
    "thriftline endpoints list": r"VERSION .*ENDING(.|\n)*deployed",
    "thriftline endpoints rollback": r"thriftline-reviews|answers on +bedrock",
    "thriftline endpoints schedule": r"Europe/Berlin",
    "thriftline estimate": r"estimate\.json",
    "thriftline ledger": r"WHEN .*COST(.|\n)*uploaded",
    "thriftline models approve": r"Approved",
    "thriftline models list": r"VERSION .*APPROVAL(.|\n)*Approved",
    "thriftline models reject": r"Rejected",
    "thriftline prices show": r"ml\.g5\.xlarge +\$\d",
    "thriftline restore": r"llama3-endpoint-1",
    "thriftline runs get": r"status +succeeded",
    "thriftline runs list": r"RUN .*STATUS(.|\n)*succeeded",
    "thriftline runs stop": r"status +failed",
    "thriftline runs submit": r"status +succeeded",
    "thriftline runs watch": r"status +succeeded",
    "thriftline transform": r"Completed",
    "thriftline verify": r"IS +CHECK(.|\n)*state",
}
# What a command leaves in the folder.
LEFT = {
    "thriftline runs get": ("ml/model",),
    "thriftline runs get RUN --save out": ("out/result.json", "out/report.html"),
    "thriftline ledger": ("ledger.csv",),
    "python preparation/bundle.py": ("prepare.py",),
}


@dataclass(frozen=True)
class Command:
    """One command of a page."""

    page: str
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's name without its folder, and its words."""
        return shlex.join([_program(self.words[0]), *self.words[1:]])

    @property
    def why_not(self) -> str | None:
        """Why it does not run here."""
        return next((why for start, why in NOT_HERE.items() if self.begins(start)), None)

    def begins(self, start: str) -> bool:
        """Whether these are its first words."""
        return f"{self.name} ".startswith(f"{start} ")


def _program(word: str) -> str:
    return re.sub(r"^python3$", "python", Path(word).name)


def documented() -> Iterator[Command]:
    """Yields each command that stands in a block, or whole in a sentence."""
    for page, words in commands():
        yield Command(page, tuple(words))
    for page, words in spans("thriftline"):
        # Else it is the name of a command.
        if " ".join(words[1:]) not in {*EXAMPLES, *(one.split()[0] for one in EXAMPLES), ""}:
            yield Command(page, tuple(words))
    for page, words in spans("aws"):
        # Else it is a name, or a form.
        if len(words) > 3 and "…" not in words:
            yield Command(page, tuple(words))


def distinct(is_of_audits: bool) -> list[Command]:
    """Returns the commands that run here on one of the two, each once."""
    found: dict[str, Command] = {}
    for one in documented():
        if one.why_not is None and is_of_audits == any(map(one.begins, AUDITS)):
            name = re.sub("|".join(SAME), lambda other: SAME[other[0]], one.name)
            found.setdefault(name, one)
    return list(found.values())


class Desk:
    """A folder with the reader's own data, in which a checkout lies too."""

    def __init__(self, aws: EmbeddedAws, folder: Path) -> None:
        self.folder = folder
        for one in ROOT.iterdir():
            if one.name not in (".thriftline", ".git"):
                (folder / one.name).symlink_to(one)
        (folder / ".thriftline").mkdir()
        (folder / "my.csv").write_text(csv_of(500))
        (folder / "packaged.yaml").write_text("Resources: {}\n")
        (folder / "distilbert").mkdir()
        (folder / "distilbert/config.json").write_text("{}\n")
        self.environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "cli"),
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_DEFAULT_REGION": aws.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "HOME": str(folder),
        }

    def run(self, words: Sequence[str], *, shows: bool = False) -> Done:
        """Runs a command as its words say, at a terminal, which shows its answer or does not."""
        return typed(self.command(words), self.environment, self.folder, shows=shows)

    def command(self, words: Sequence[str]) -> list[str]:
        """Returns what a command is in the shell of this desk."""
        program, rest = _program(words[0]), words[1:]
        quick = ["--every", "0.5s"] if program == "thriftline" and _waits(rest) else []
        return {
            "thriftline": [sys.executable, "-m", "thriftline_cli", *rest, *quick],
            "aws": [sys.executable, str(AWS), *rest],
            "python": [sys.executable, *rest],
            # Nothing is set up anew, whatever is newer than its stamp.
            "make": ["make", "-o", ".thriftline/setup/venv", *rest],
        }[program]


def _waits(words: Sequence[str]) -> bool:
    always = (("runs", "watch"), ("transform",), ("restore",))
    return "--wait" in words or any(tuple(words[: len(one)]) == one for one in always)


def wrong(command: Command, prepared: Prepared, desk: Desk) -> str | None:
    """Runs a command; returns what is wrong with its end or its answer."""
    start = next(one for one in ANSWERS if command.begins(one))
    try:
        done = desk.run(prepared.words)
    finally:
        prepared.tidy()
    left = [one for name in LEFT if command.begins(name) for one in LEFT[name]]
    missing = [one for one in left if not (desk.folder / one).exists()]
    # A file has 80 columns too; what a program or a shell reads has none.
    is_read = command.begins("thriftline") and not command.begins("thriftline completion")
    wide = looks_bad(done) if is_read else []
    if done.code == 0 and re.search(ANSWERS[start], done.out) and not missing and not wide:
        return None
    said = f"{command.page}: {shlex.join(prepared.words)}\nended with {done.code}"
    return f"{said}, left no {missing}, too wide {wide}\n{done.out[-1500:]}\n{done.err[-1500:]}"


def looks_bad(done: Done) -> list[str]:
    """Returns the lines that a terminal of 80 columns folds, but for those of one long word."""
    lines = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", done.out).splitlines()
    # An address stays whole, so that it can be copied.
    return [
        line
        for line in lines
        if len(line) > COLUMNS and max(map(len, line.split())) < COLUMNS - _NAME
    ]


# What an address stands behind at the most.
_NAME = 24
