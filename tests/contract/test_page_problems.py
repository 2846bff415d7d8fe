"""What the page says to do about a problem that the API answers with."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contract.node import node
from thriftline.api.problems import conflict, unread
from thriftline.core.errors import UnreadableDocumentError

WEB = Path(__file__).parents[2] / "web/js"
PROGRAM = """
const { problemOf } = await import("./problem.js");
const { move, detail, title } = problemOf(409, JSON.parse(process.argv[1]));
console.log(JSON.stringify({ move, detail, title }));
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The modules where node takes them for some."""
    made = tmp_path_factory.mktemp("page")
    for name in ("problem.js", "settings.js"):
        shutil.copy(WEB / name, made)
    (made / "package.json").write_text('{"type": "module"}')
    return made


def shown(folder: Path, document: Any) -> dict[str, str]:
    done = subprocess.run(
        [node(), "--input-type=module", "--eval", PROGRAM, json.dumps(document)],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_what_another_version_kept_has_its_own_fix_and_no_reload(folder: Path) -> None:
    error = UnreadableDocumentError("Estimate a-1 cannot be read: x is missing.", "Estimate again.")
    found = shown(folder, unread(error).document("request-1"))
    assert found == {
        "title": "What was kept cannot be read",
        "detail": "Estimate a-1 cannot be read: x is missing.",
        "move": "Estimate again.",
    }


def test_a_fix_that_is_not_known_apart_stands_in_the_sentence(folder: Path) -> None:
    """As of another function's error, which has one text."""
    error = UnreadableDocumentError("Version 3 cannot be read: x is missing. Deploy again.")
    found = shown(folder, unread(error).document("request-1"))
    assert found["title"] == "What was kept cannot be read"
    assert found["detail"] == "Version 3 cannot be read: x is missing. Deploy again."
    assert found["move"] == "To reload does not help. Do what the sentence above says."


def test_another_conflict_is_looked_at_again(folder: Path) -> None:
    found = shown(folder, conflict("Run a-1 has ended: failed.").document("request-1"))
    assert found["move"].startswith("Somebody or something was faster. Reload")
    assert found["detail"] == "Run a-1 has ended: failed."


def test_a_fix_of_another_type_of_problem_is_none_of_ours(folder: Path) -> None:
    document = {**conflict("Late.").document("request-1"), "fix": "Send money."}
    assert "Reload" in shown(folder, document)["move"]
