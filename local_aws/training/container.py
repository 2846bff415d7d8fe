"""What a training container sees: the /opt/ml folder, the environment, the signals.

Unless an image is named (container_launcher.py), the container is a process. Its /opt/ml is a
folder of its own, named by SAGEMAKER_BASE_DIR. `EnableNetworkIsolation` keeps credentials and the
endpoint from it, but a process cannot be cut off from the network.
"""

import contextlib
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from subprocess import Popen
from typing import IO, Any, Protocol

from local_aws.training.process_sessions import ProcessSessions
from local_aws.training.request import OPT_ML

_HOST = "algo-1"


@dataclass(frozen=True)
class MlFolder:
    """The folder that is /opt/ml to the training program."""

    base: Path

    @property
    def model(self) -> Path:
        """What the program leaves here becomes model.tar.gz."""
        return self.base / "model"

    @property
    def output(self) -> Path:
        """Holds the reason of a failure."""
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        """What the program leaves here becomes output.tar.gz."""
        return self.output / "data"

    @property
    def config(self) -> Path:
        """The job's configuration in files."""
        return self.base / "input" / "config"

    def channel(self, name: str) -> Path:
        """Return the folder of an input channel."""
        return self.base / "input" / "data" / name

    def checkpoints(self, request: Mapping[str, Any]) -> Path:
        """Return where the program keeps checkpoints: CheckpointConfig.LocalPath."""
        local = (request.get("CheckpointConfig") or {}).get("LocalPath")
        place = PurePosixPath(local or OPT_ML / "checkpoints")
        return self.base / place.relative_to(OPT_ML)


@dataclass(frozen=True)
class Launch:
    """What a container is started with.

    Args:
        request: CreateTrainingJob's.
        arn: the job's.
        folder: what is /opt/ml to it, on this machine.
        image_environment: what the image's Dockerfile would set by ENV.
        aws_environment: credentials and the endpoint, which an isolated job does not get.
    """

    request: Mapping[str, Any]
    arn: str
    folder: MlFolder
    image_environment: Mapping[str, str]
    aws_environment: Mapping[str, str]


class TrainingProcess(Protocol):
    """A started training container, or the process in its place."""

    @property
    def output(self) -> IO[bytes]:
        """Everything that it prints."""

    def poll(self) -> int | None:
        """Return the exit code once it has ended."""

    def terminate(self) -> None:
        """Send SIGTERM to the program."""

    def kill(self) -> None:
        """End it and all that it started; harmless when it has ended."""


Launcher = Callable[[Launch], TrainingProcess]


class ProcessLauncher:
    """Runs the training image's entry point as a process of this machine."""

    def __init__(
        self, command: Sequence[str], sessions: ProcessSessions, directory: Path | None
    ) -> None:
        self._command = command
        self._sessions = sessions
        self._directory = directory

    def __call__(self, launch: Launch) -> TrainingProcess:
        """Start the process."""
        folder, program = launch.folder, Path(self._command[0])
        scratch = folder.base.parent
        interpreter = [str(program.parent)] if program.is_absolute() else []
        environment = {
            **launch.image_environment,
            "PATH": os.pathsep.join([*interpreter, "/usr/local/bin", "/usr/bin", "/bin"]),
            "LANG": "C.UTF-8",
            "HOME": str(scratch / "home"),
            "TMPDIR": str(scratch / "tmp"),
            "SAGEMAKER_BASE_DIR": str(folder.base),
            **job_environment(launch, folder, gpus=len(list(Path("/dev").glob("nvidia[0-9]*")))),
        }
        process = self._sessions.start(
            self._command, cwd=self._directory or folder.base, environment=environment
        )
        return _Process(process, self._sessions)


class _Process:
    def __init__(self, process: Popen[bytes], sessions: ProcessSessions) -> None:
        self._process = process
        self._sessions = sessions

    @property
    def output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def poll(self) -> int | None:
        code = self._process.poll()
        # A container's exit code after a signal is 128 and the signal's number.
        return code if code is None or code >= 0 else 128 - code

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._sessions.kill(self._process)


def lay_out(folder: MlFolder, request: Mapping[str, Any]) -> None:
    """Make the folders and configuration files that a container finds when it starts."""
    places = [folder.model, folder.output_data, folder.config, folder.checkpoints(request)]
    channels = request.get("InputDataConfig") or ()
    places += [folder.channel(each["ChannelName"]) for each in channels]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    _write(folder.config / "hyperparameters.json", request.get("HyperParameters") or {})
    _write(folder.config / "inputdataconfig.json", {c["ChannelName"]: _input(c) for c in channels})
    _write(folder.config / "resourceconfig.json", _resources(request))


def job_environment(launch: Launch, seen: MlFolder, *, gpus: int) -> dict[str, str]:
    """Return the job's variables, with the folders as its program sees them."""
    request = launch.request
    region = launch.arn.split(":")[3]
    own = {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "TRAINING_JOB_NAME": request["TrainingJobName"],
        "TRAINING_JOB_ARN": launch.arn,
    }
    reachable = {} if request.get("EnableNetworkIsolation") else dict(launch.aws_environment)
    given = request.get("Environment") or {}
    return {**own, **reachable, **_toolkit_variables(request, seen, gpus), **given}


def failure_reason(folder: MlFolder, exit_code: int) -> str:
    """Return FailureReason for a program that ended with an exit code of its own."""
    written = folder.output / "failure"
    readable = written.is_file() and stays_inside(written, folder.base)
    text = written.read_text(errors="replace").strip() if readable else ""
    # The exit code must survive the cut to 1024 characters.
    return f"AlgorithmError: {text[:980]}, exit code: {exit_code}"


def stays_inside(file: Path, folder: Path) -> bool:
    """Whether a file lies below a folder, and is no link to one that does not.

    A container writes links as it likes, and what they name is read on this machine.
    """
    return file.resolve().is_relative_to(folder.resolve())


def _input(channel: Mapping[str, Any]) -> dict[str, str]:
    source = channel["DataSource"]["S3DataSource"]
    shown = {
        "TrainingInputMode": "File",
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": "None",
    }
    content_type = channel.get("ContentType")
    return shown | ({"ContentType": content_type} if content_type else {})


def _resources(request: Mapping[str, Any]) -> dict[str, Any]:
    instance_type = request["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance_type}
    return {
        "current_host": _HOST,
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": [_HOST],
        "instance_groups": [{**group, "hosts": [_HOST]}],
        "network_interface_name": "eth0",
    }


def _toolkit_variables(request: Mapping[str, Any], folder: MlFolder, gpus: int) -> dict[str, str]:
    """Return what the SageMaker training toolkit would add in AWS's own images."""
    parameters = request.get("HyperParameters") or {}
    channels = [each["ChannelName"] for each in request.get("InputDataConfig") or ()]
    variables = {
        "SM_CURRENT_HOST": _HOST,
        "SM_HOSTS": json.dumps([_HOST]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": str(gpus),
        "SM_CURRENT_INSTANCE_TYPE": request["ResourceConfig"]["InstanceType"],
        "SM_MODEL_DIR": str(folder.model),
        "SM_OUTPUT_DIR": str(folder.output),
        "SM_OUTPUT_DATA_DIR": str(folder.output_data),
        "SM_INPUT_DIR": str(folder.base / "input"),
        "SM_INPUT_CONFIG_DIR": str(folder.config),
        "SM_CHANNELS": json.dumps(channels),
        "SM_HPS": json.dumps(parameters),
    }
    variables |= {f"SM_CHANNEL_{name.upper()}": str(folder.channel(name)) for name in channels}
    return variables | {f"SM_HP_{name.upper()}": value for name, value in parameters.items()}


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1))
