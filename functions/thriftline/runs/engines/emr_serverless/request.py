"""The StartJobRun request of one attempt.

There is no ``retryPolicy``: it would start the program again where neither the run's dollars nor
the person who reads the result can see it. The state machine makes the attempts.
"""

from collections.abc import Mapping
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.core.tags import PROJECT_TAG, RUN_ID_TAG
from thriftline.runs.domain.preparation import PreparationOrder
from thriftline.runs.engines.emr_serverless.workers import FREE_DISK_GB, Workers
from thriftline.runs.engines.sizing import shuffle_partitions

# How many executors are asked for at once; more come as tasks wait.
_FIRST_EXECUTORS = 3
_PYTHON = "./environment/bin/python"


@dataclass(frozen=True)
class Place:
    """What the stack has for the run. ``archive`` is a packed environment, empty for none."""

    application_id: str
    role_arn: str
    archive: str
    tags: Mapping[str, str]


def start_request(order: PreparationOrder, place: Place) -> dict[str, Any]:
    """Returns the arguments of ``start_job_run``."""
    request: dict[str, Any] = {
        "applicationId": place.application_id,
        "clientToken": order.name,
        "name": order.name,
        "executionRoleArn": place.role_arn,
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": order.program_uri,
                "entryPointArguments": ["--config", order.config_uri],
                "sparkSubmitParameters": _parameters(order.terms, place.archive),
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": order.log_uri}}
        },
        "tags": {**place.tags, PROJECT_TAG: order.project, RUN_ID_TAG: order.run_id},
        # 0 would be no limit, and is refused for a run that ends.
        "executionTimeoutMinutes": max(1, int(order.terms["max_minutes"])),
    }
    if order.terms.get("flex"):
        request["flexExecution"] = {"enabled": True}
    return request


def _parameters(terms: Mapping[str, Any], archive: str) -> str:
    settings = {**_settings(Workers.of_terms(terms), terms), **_packages(archive)}
    return " ".join(f"--conf {name}={value}" for name, value in settings.items())


def _settings(workers: Workers, terms: Mapping[str, Any]) -> dict[str, object]:
    # Without the most executors there is no end to them.
    return {
        "spark.driver.cores": workers.vcpus,
        "spark.driver.memory": f"{workers.heap_gb}g",
        "spark.driver.memoryOverhead": f"{workers.python_gb}g",
        "spark.emr-serverless.driver.disk": f"{FREE_DISK_GB}g",
        "spark.executor.cores": workers.vcpus,
        "spark.executor.memory": f"{workers.heap_gb}g",
        "spark.executor.memoryOverhead": f"{workers.python_gb}g",
        "spark.emr-serverless.executor.disk": f"{workers.disk_gb}g",
        "spark.dynamicAllocation.enabled": "true",
        "spark.dynamicAllocation.initialExecutors": min(_FIRST_EXECUTORS, workers.executors),
        "spark.dynamicAllocation.maxExecutors": workers.executors,
        "spark.sql.shuffle.partitions": shuffle_partitions(int(terms["unpacked_bytes"])),
    }


def _packages(archive: str) -> dict[str, object]:
    if not archive:
        return {}
    return {
        "spark.archives": f"{archive}#environment",
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": _PYTHON,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": _PYTHON,
        "spark.executorEnv.PYSPARK_PYTHON": _PYTHON,
    }
