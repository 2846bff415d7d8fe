"""Processes of the embedded AWS end with it, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.training.process_sessions import (
    ProcessSessions,
    members_of_sessions,
    session_members,
)
from tests.integration.local_runtime.conftest import REPOSITORY, is_running, wait_for

# A shell whose child leads a process group of its own, as the Lambda emulator's does.
FAMILY = [
    *(sys.executable, "-c"),
    "import subprocess, sys, time;"
    "child = subprocess.Popen(['sleep', '600'], process_group=0);"
    "open(sys.argv[1], 'w').write(str(child.pid)); time.sleep(600)",
]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_killing_a_process_kills_its_children_in_other_process_groups(tmp_path: Path) -> None:
    sessions = ProcessSessions()
    file = tmp_path / "child"
    process = sessions.start([*FAMILY, file], cwd=tmp_path, environment={}, stdout=-3)
    wait_for(lambda: file.exists() and file.read_text() != "")
    child = int(file.read_text())
    other = sessions.start(["sleep", "600"], cwd=tmp_path, environment={}, stdout=-3)
    assert set(session_members(process.pid)) == {process.pid, child}
    both = members_of_sessions([process.pid, other.pid])
    assert (set(both[process.pid]), both[other.pid]) == ({process.pid, child}, [other.pid])
    sessions.kill(process)
    assert not is_running(child)
    assert process.returncode == -signal.SIGKILL
    sessions.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_processes_die_when_the_embedded_aws_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "child"
    program = (
        "import sys, time; from pathlib import Path;"
        "from local_aws.training.process_sessions import ProcessSessions;"
        f"started = ProcessSessions().start({[*FAMILY, str(file)]!r}, cwd=Path('.'),"
        " environment={}, stdout=-3); print(started.pid, flush=True); time.sleep(600)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    parent = int(server.stdout.readline())
    wait_for(lambda: file.exists() and file.read_text() != "")
    child = int(file.read_text())
    assert is_running(parent)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    server.stdout.close()
    wait_for(lambda: not is_running(parent) and not is_running(child))


@pytest.mark.parametrize("how", ["kill", "close"])
def test_what_a_process_would_leave_is_removed_after_it(tmp_path: Path, how: str) -> None:
    left = tmp_path / "left"
    left.touch()
    sessions = ProcessSessions()
    process = sessions.start(
        ["sleep", "600"],
        cwd=tmp_path,
        environment={},
        stdout=-3,
        afterwards=["rm", str(left)],
    )
    assert left.exists()
    sessions.kill(process) if how == "kill" else sessions.close()
    assert not left.exists()
    sessions.close()


def test_it_is_removed_even_when_the_embedded_aws_is_killed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.touch()
    program = (
        "import os, signal; from pathlib import Path;"
        "from local_aws.training.process_sessions import ProcessSessions;"
        "ProcessSessions().start(['sleep', '600'], cwd=Path('.'), environment={}, stdout=-3,"
        f" afterwards=['rm', {str(left)!r}]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False)
    wait_for(lambda: not left.exists())


def test_a_process_has_exactly_the_environment_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "leaks")
    sessions = ProcessSessions()
    process = sessions.start(["/usr/bin/env"], cwd=tmp_path, environment={"ONLY": "this"})
    output, _ = process.communicate()
    assert output == b"ONLY=this\n"
    sessions.close()
