"""What a training job may not ask a process of this machine for."""

from typing import Any

import pytest

from local_aws.process_variables import refused_variables
from local_aws.training.request import (
    InvalidTrainingRequestError,
    NotDoneHereError,
    check_request,
)
from tests.integration.local_runtime.training_client import channel, request

BUCKET = "s3://artifacts/data/train/"


def said(*, in_container: bool = False, **changes: Any) -> str:
    with pytest.raises(InvalidTrainingRequestError) as caught:
        check_request(request("job", **changes), in_container=in_container)
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PYTHONUSERBASE"),
        *("PYTHONBREAKPOINT", "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX", "pythonpath"),
        *("LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "LD_DEBUG_OUTPUT", "DYLD_INSERT_LIBRARIES"),
        *("GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH", "HOSTALIASES", "GETCONF_DIR"),
        *("BASH_ENV", "ENV", "SHELLOPTS", "BASH_FUNC_ls", "PS4", "PROMPT_COMMAND", "IFS"),
        *("PERL5OPT", "PERL5LIB", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS"),
        *("_JAVA_OPTIONS", "CLASSPATH", "GIT_SSH_COMMAND", "PIP_INDEX_URL", "OPENSSL_CONF"),
        *("SSLKEYLOGFILE", "CUDA_INJECTION64_PATH", "OMP_TOOL_LIBRARIES", "NCCL_NET_PLUGIN"),
        *("CC", "CXX", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "TORCH_EXTENSIONS_DIR"),
        *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DATA_PATH", "AWS_PROFILE"),
        *("SAGEMAKER_BASE_DIR", "HOME", "TMPDIR", "PATH", "XDG_CONFIG_HOME", "TZDIR"),
    ],
)
def test_a_variable_that_runs_other_code_is_refused_by_name(name: str) -> None:
    message = said(Environment={name: "/tmp/x", "FINE": "1"})

    assert name in message
    assert "FINE" not in message


@pytest.mark.parametrize(
    "name",
    [
        *("THRIFTLINE_USD_PER_HOUR", "OMP_NUM_THREADS", "HF_HUB_OFFLINE", "NCCL_DEBUG"),
        *("TOKENIZERS_PARALLELISM", "PYTORCH_CUDA_ALLOC_CONF", "CUDA_VISIBLE_DEVICES"),
        *("MY_PATH", "ENVIRONMENT", "LDAP_URL", "HTTP_PROXY", "AWS_REGION", "PATHS", "CCC"),
    ],
)
def test_other_variables_are_let_through(name: str) -> None:
    assert refused_variables([name]) == []
    check_request(request("job", Environment={name: "1"}))


def test_a_container_has_variables_of_its_own() -> None:
    check_request(request("job", Environment={"PYTHONPATH": "/opt/code"}), in_container=True)


@pytest.mark.parametrize(
    "path",
    [
        *("/tmp/elsewhere", "/opt/ml/../../tmp", "/opt/ml/checkpoints/../../../etc", "/opt/ml"),
        *("/opt/ml/..", "/opt/mlx/checkpoints", "checkpoints", "../x", "/", "//opt/ml/x/../../y"),
    ],
)
@pytest.mark.parametrize("in_container", [False, True])
def test_checkpoints_outside_the_job_s_folder_are_refused(path: str, in_container: bool) -> None:
    config = {"S3Uri": "s3://artifacts/checkpoints/", "LocalPath": path}

    assert path in said(CheckpointConfig=config, in_container=in_container)


def test_checkpoints_in_the_job_s_folder_may_lie_anywhere_in_it() -> None:
    for path in ("/opt/ml/checkpoints", "/opt/ml/model/kept/here"):
        config = {"S3Uri": "s3://artifacts/checkpoints/", "LocalPath": path}
        check_request(request("job", CheckpointConfig=config))


@pytest.mark.parametrize("name", [".", "..", "...", "../x", "a/b", "/etc", ""])
def test_a_channel_that_is_another_folder_is_refused(name: str) -> None:
    assert "hannel" in said(InputDataConfig=[channel(name, BUCKET)])


def test_data_in_a_directory_bucket_are_not_read_here() -> None:
    express = channel("train", "s3://training--use1-az4--x-s3/scratch/r/splits/train/")
    with pytest.raises(NotDoneHereError, match=r"a directory bucket \(S3 Express One Zone\)"):
        check_request(request("job", InputDataConfig=[express]))
