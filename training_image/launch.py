"""Starts the training on every GPU of every instance: torchrun, told by SageMaker's files.

One GPU on one instance, or none, needs no more than this process.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping

from training_image.job import FAILED, INTERRUPTED, SUCCEEDED, Job, JobError, StopSignal

PORT = 29_500
SHUTDOWN_SECONDS = 110  # of the 120 between SIGTERM and SIGKILL
SCRATCH = "THRIFTLINE_SCRATCH"


def processes(environment: Mapping[str, str]) -> int:
    """Returns how many processes to start on this instance: one for each accelerator, at least one.

    `THRIFTLINE_PROCESSES` says otherwise, for tests on a CPU.

    Raises:
        JobError: it says what is no number of processes.
    """
    from training_image.accelerators import accelerator_count

    asked = environment.get("THRIFTLINE_PROCESSES", "")
    if not asked:
        return max(1, accelerator_count())
    if not asked.isdecimal() or int(asked) < 1:
        raise JobError(f"THRIFTLINE_PROCESSES is {asked!r}; it must be a whole number from 1 on.")
    return int(asked)


def launch(environment: Mapping[str, str], program: str, stop: StopSignal) -> int:
    """Runs the training, here or in processes of its own; returns the exit code.

    Args:
        environment: of this process.
        program: the file that a process runs.
        stop: has heard SIGTERM until now.
    """
    job = Job.from_environment(environment)
    if "RANK" in environment:
        return _train(environment, stop)
    job.failure.unlink(missing_ok=True)
    try:
        hosts, place = job.hosts()
        count = processes(environment)
    except JobError as error:
        job.write_failure(str(error))
        print(error, file=sys.stderr)
        return FAILED
    if len(hosts) == 1 and count == 1:
        return _train(environment, stop)
    if stop.requested:
        return INTERRUPTED
    # One port for all jobs is right in a container, and wrong where jobs share a machine. A
    # container without a network cannot resolve its own name, by which torchrun would go.
    port = (
        ["--standalone", "--local-addr=127.0.0.1"]
        if len(hosts) == 1
        else [
            f"--nnodes={len(hosts)}",
            f"--node-rank={place}",
            f"--master-addr={hosts[0]}",
            f"--master-port={environment.get('THRIFTLINE_PORT') or PORT}",
        ]
    )
    arguments = [*port, f"--nproc-per-node={count}", program]
    with tempfile.TemporaryDirectory(prefix="thriftline-") as scratch:
        os.environ[SCRATCH] = scratch
        os.environ["TORCH_ELASTIC_SHUTDOWN_TIMEOUT"] = str(SHUTDOWN_SECONDS)
        if len(hosts) > 1 and (interface := job.network_interface()):
            os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
            os.environ.setdefault("NCCL_SOCKET_IFNAME", interface)
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
        return _torchrun(arguments)


def _train(environment: Mapping[str, str], stop: StopSignal) -> int:
    from training_image.train import main  # seconds of imports, which a launcher need not wait for

    return main(environment, stop)


def _torchrun(arguments: list[str]) -> int:
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import parse_args, run

    try:
        run(parse_args(arguments))  # type: ignore[no-untyped-call]
    except SignalException:
        return INTERRUPTED
    except ChildFailedError as error:
        codes = {failure.exitcode for failure in error.failures.values()}
        interrupted = codes <= {INTERRUPTED, -signal.SIGTERM}
        return INTERRUPTED if interrupted else FAILED
    return SUCCEEDED
