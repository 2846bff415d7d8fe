"""The surroundings of a Lambda function: emulator, interpreter, environment variables."""

import os
import platform
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EMULATOR_VARIABLE = "THRIFTLINE_LAMBDA_RIE"
_OPT = "/opt/"
_REPOSITORY = Path(__file__).resolve().parents[2]


class LambdaRuntimeMissingError(Exception):
    """The emulator or the functions' interpreter is not installed; `make setup` installs both."""


@dataclass(frozen=True)
class FunctionConfig:
    """What Lambda knows about a function; `code` is the folder that would be its zip.

    `layers` are the folders of packages that its layers add.
    """

    name: str
    handler: str
    code: Path
    environment: Mapping[str, str]
    timeout_seconds: int
    memory_mib: int
    layers: tuple[Path, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """All of it, hashable: a process serves one key only."""
        variables = tuple(sorted(self.environment.items()))
        return (
            self.name,
            self.handler,
            self.code,
            variables,
            self.timeout_seconds,
            self.memory_mib,
            self.layers,
        )


def find_emulator(repository: Path = _REPOSITORY) -> Path:
    """Find aws-lambda-rie: named by a variable, in the SAM CLI's environment, or on PATH.

    Raises:
        LambdaRuntimeMissingError: it is in none of these places.
    """
    named = os.environ.get(EMULATOR_VARIABLE)
    if named:
        if Path(named).is_file():
            return Path(named)
        raise LambdaRuntimeMissingError(f"{EMULATOR_VARIABLE} names {named}, which is no file")
    machine = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"
    binary = f"aws-lambda-rie-{machine}"
    samcli = "lib/python*/site-packages/samcli/local/rapid"
    for found in sorted((repository / ".venv-sam").glob(f"{samcli}/{binary}")):
        return found
    on_path = shutil.which("aws-lambda-rie") or shutil.which(binary)
    if on_path:
        return Path(on_path)
    raise LambdaRuntimeMissingError(
        f"{binary} was not found in .venv-sam, on PATH or in {EMULATOR_VARIABLE}: run `make setup`"
    )


def runtime_version(python: Path) -> str:
    """Return the interpreter's version ("3.13") after seeing that it has the Lambda runtime client.

    Raises:
        LambdaRuntimeMissingError: there is no such interpreter, or it lacks awslambdaric.
    """
    program = "import sys, awslambdaric; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-P", "-s", "-c", program], capture_output=True, text=True, check=True, env={}
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise LambdaRuntimeMissingError(
            f"{python} cannot import awslambdaric: run `make setup`"
        ) from error
    return answer.stdout.strip()


def function_arn(config: FunctionConfig, region: str, account_id: str) -> str:
    """Return the ARN that the function's context shows."""
    return f"arn:aws:lambda:{region}:{account_id}:function:{config.name}"


def function_environment(
    config: FunctionConfig,
    base: Mapping[str, str],
    *,
    python: Path,
    version: str,
    temporary: Path,
    day: str,
) -> dict[str, str]:
    """Return a function's whole environment: Lambda's own variables, the base, the function's.

    Nothing of the host comes through. TMPDIR is the one addition: on Lambda /tmp belongs to the
    function alone. A variable that names a file of a layer below /opt names it where it lies here.
    """
    region = base.get("AWS_REGION") or base.get("AWS_DEFAULT_REGION") or "us-east-1"
    own = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "TMPDIR": str(temporary),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    reserved = {
        # Any key is accepted; one for each function tells whose calls they are.
        "AWS_ACCESS_KEY_ID": config.name,
        "_HANDLER": config.handler,
        "LAMBDA_TASK_ROOT": str(config.code),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mib),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(config.timeout_seconds),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{config.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{day}/[$LATEST]{secrets.token_hex(16)}",
    }
    given = {name: _in_layer(value, config.layers) for name, value in config.environment.items()}
    return {**own, **base, **given, **reserved}


def _in_layer(value: str, layers: tuple[Path, ...]) -> str:
    if not value.startswith(_OPT):
        return value
    # A layer is known by its folder of packages; on Lambda that is /opt/python.
    places = (packages.parent / value.removeprefix(_OPT) for packages in layers)
    return next((str(place) for place in places if place.exists()), value)
