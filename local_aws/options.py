"""How the embedded AWS is started. Importing this is cheap: neither moto nor boto3 is loaded."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from local_aws.bedrock.options import BedrockOptions
from local_aws.preparation.options import PreparationOptions
from local_aws.services.hosting_options import HostingOptions
from local_aws.serving.options import ServingOptions

if TYPE_CHECKING:
    from local_aws.accounts.file import AccountFile
    from local_aws.functions.runtime import FunctionConfig, Invocation

ROOT = Path(__file__).resolve().parent.parent
LAMBDA_PYTHON = ROOT / ".venv-lambda/bin/python"
# moto's own, where no account file says otherwise.
ACCOUNT = "123456789012"


def _function_python() -> Path:
    """Return the interpreter with the functions' packages and the runtime client."""
    return LAMBDA_PYTHON if LAMBDA_PYTHON.exists() else Path(sys.executable)


class Runtime(Protocol):
    """What runs functions: the genuine runtime, or a fake in tests."""

    def invoke(self, config: "FunctionConfig", payload: bytes) -> "Invocation":
        """Run a function once and wait for its answer."""

    def close(self) -> None:
        """End every process."""


class Jobs(Protocol):
    """What runs training jobs.

    It is made with `quota_of`, which returns how many instances an account may have in a region by
    the quota of a name, and with the training `plans`.
    """

    def install(self) -> None:
        """Answer SageMaker's training job calls."""

    def set_endpoint(self, url: str) -> None:
        """Say where S3 is."""

    def close(self) -> None:
        """End every job."""


RuntimeFactory = Callable[..., Runtime]
JobsFactory = Callable[..., Jobs]


@dataclass(frozen=True)
class Options:
    """How the embedded AWS is started.

    `time_scale` divides the Wait states, the retry delays of machines and of deliveries; it
    divides no time-out. Without `training_jobs` the calls for training jobs are refused; without
    `serving` endpoints have no containers, and InvokeEndpoint is refused; without
    `lambda_runtime` functions run behind the genuine Runtime API. With `training_image` this
    repository's training jobs run in containers of that image, else in processes.

    `quotas` are those of the stack's account by their names in Service Quotas, such as
    `ml.g5.xlarge for spot training job usage`; all others are generous. `bedrock` says who trains
    and answers there, and how long things take; `hosting` says how long a change of an endpoint
    takes; `preparation` says how programs of Spark run, and without it they are refused.

    Only requests for `host` are answered, or for one of `host_names`; see http/front_door.py.

    The stack is deployed in `account` and `region`. `accounts` are loaded beside it, and the time
    is theirs; `account_reading.with_accounts` fills in all three.
    """

    template: Path = ROOT / "template.yaml"
    stack_name: str = "thriftline"
    parameters: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    host_names: Collection[str] = ()
    port: int = 0
    account: str = ACCOUNT
    region: str = "us-east-1"
    accounts: Sequence["AccountFile"] = ()
    time_scale: float = 1.0
    python: Path = field(default_factory=_function_python)
    lambda_runtime: RuntimeFactory | None = None
    training_jobs: JobsFactory | None = None
    training_image: str | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    bedrock: BedrockOptions = field(default_factory=BedrockOptions)
    hosting: HostingOptions = field(default_factory=HostingOptions)
    serving: ServingOptions | None = None
    preparation: PreparationOptions | None = field(default_factory=PreparationOptions)
