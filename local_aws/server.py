"""The embedded AWS: moto behind HTTP, with the hooks that make it faithful."""

import contextlib
import functools
import gc
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.model_instances import reset_model_data

from local_aws import (
    bucket_policies,
    clock_hooks,
    moto_caches,
    table_indexes,
    table_locks,
    table_numbers,
)
from local_aws.accounts.world import load_accounts
from local_aws.apigateway.front import ApiFront, Place
from local_aws.apigateway.functions import ApiFunctions
from local_aws.apigateway.rest_apis import RestApis
from local_aws.clients import ACCESS_KEY, SECRET_KEY, Clients
from local_aws.clock import Clock
from local_aws.deployment.cloudformation import Deployment
from local_aws.deployment.template import read_template
from local_aws.events import s3_events
from local_aws.events.events import EventBus
from local_aws.events.queue_mappings import QueueMappings
from local_aws.events.schedules import Schedules
from local_aws.functions.lambdas import Functions
from local_aws.functions.layers import Layer
from local_aws.functions.runtime import FunctionConfig, LambdaRuntime
from local_aws.hooks import Hooks, check_moto_version
from local_aws.hosting_connections import connect_hosting
from local_aws.http import callers
from local_aws.http.gateway import Gateway, current_operation
from local_aws.http.identify import Call
from local_aws.http.own_calls import OwnCalls
from local_aws.http.own_services import OwnServices
from local_aws.http.web_server import HttpServer
from local_aws.log_writer import FunctionLogs, LogWriter
from local_aws.options import ACCOUNT, ROOT, Options
from local_aws.preparation.wiring import connect_preparation
from local_aws.services.metric_store import MetricKey, StatisticSet
from local_aws.services.own_metrics import OwnMetrics
from local_aws.services.resource_tags import tags_of
from local_aws.serving import wiring as serving
from local_aws.stepfunctions import executions, interpreter
from local_aws.stepfunctions.task_clocks import TaskClocks

if TYPE_CHECKING:
    from local_aws.preparation.programs import Programs

__all__ = ["ACCOUNT", "ROOT", "EmbeddedAws", "Options"]

# moto would answer that the job is complete.
_TRAINING_CALLS = frozenset({Call("sagemaker", "CreateTrainingJob")})
# moto would answer any endpoint with a text of its own.
_SERVING_CALLS = frozenset(
    Call(serving.RUNTIME, name) for name in ("InvokeEndpoint", "InvokeEndpointAsync")
)


class EmbeddedAws:
    """A running embedded AWS with one stack deployed.

    `calls` counts the requests by service (boto3's name) and operation, and `recorded` has what
    those of each function needed, by action and resource; `faults` are calls that are to fail;
    `clock` tells the time; `services` keep what moto does not, and `task_clocks` time the tasks of
    machines; `programs` run programs of Spark, and have faults.

    ```
    with EmbeddedAws(Options(time_scale=60)) as aws:
        aws.client("s3").upload_file("data.csv", aws.outputs["DataBucketName"], "datasets/a/b.csv")
    ```

    moto's data and our hooks belong to the process, so a process runs one at a time. `endings` are
    asked of each one that ends well, while all of it still answers.
    """

    endings: ClassVar[list[Callable[["EmbeddedAws"], None]]] = []
    _running = threading.Lock()

    def __init__(self, options: Options) -> None:
        self._options = options
        self._hooks = Hooks()
        self._cleanup = contextlib.ExitStack()
        self.clock = Clock(rate=options.time_scale)
        self.services = OwnServices(options.account, self.clock)
        self.task_clocks = TaskClocks()
        self.programs: Programs | None = None
        self.endpoint = ""
        self.outputs: dict[str, str] = {}
        self.not_done: list[str] = []

    def __enter__(self) -> Self:
        """Start, deploy the template, and return when all of it is up."""
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this process already runs an embedded AWS")
        self._cleanup.callback(self._running.release)
        try:
            check_moto_version()
            self._start()
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop everything that was started, last first."""
        with self._cleanup:
            for each in self.endings if kind is None else ():
                each(self)

    @property
    def options(self) -> Options:
        """What it was started with."""
        return self._options

    @property
    def region(self) -> str:
        """The region of the stack."""
        return self._options.region

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client of this embedded AWS, in the stack's region unless one is given."""
        return self._clients.get(service, region)

    def put_metric(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        *,
        at: datetime | None = None,
    ) -> None:
        """Put a sample as a service of AWS does, whose namespaces are closed to PutMetricData.

        It is of the stack's account and region, and of the present instant unless `at` is given.
        """
        samples = StatisticSet()
        samples.add(total=value, count=1.0, low=value, high=value)
        store = self.services.metrics.at(self._options.account, self._options.region)
        key = MetricKey(namespace, name, frozenset(dimensions.items()))
        store.put(key, at or self.clock.now(), samples)

    def _start(self) -> None:
        options = self._options
        template = read_template(
            options.template,
            stack_name=options.stack_name,
            account=options.account,
            region=options.region,
            parameters=options.parameters,
        )
        self._cleanup.callback(_reset)
        self._cleanup.callback(self._hooks.undo)
        _reset()
        _execute_state_machines(self._cleanup)
        scratch = Path(
            self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="local-aws-"))
        )
        if options.accounts:
            self.clock.set(options.accounts[0].now)
        own = self.services.calls()
        gateway = Gateway(own, _refused(options))
        self.faults, self.calls = gateway.faults, gateway.calls
        self.recorded = gateway.recorded
        self.recorded.tags_of = functools.partial(tags_of, self.services)
        server = HttpServer(gateway, options.host, options.port, self.clock, options.host_names)
        self._cleanup.callback(server.close)
        # What listens on every address is reached on this machine's own.
        host = "127.0.0.1" if options.host == "0.0.0.0" else options.host
        self.endpoint = f"http://{host}:{server.port}"
        self._clients = Clients(self.endpoint, options.region)
        writer = LogWriter(
            options.account, options.region, lambda: gateway.lock("logs"), self.clock
        )
        logs = FunctionLogs(writer, self.clock)
        functions = self._functions(scratch, logs)
        own_metrics = self.services.own_metrics
        logs.on_line, functions.on_invocation = own_metrics.printed, own_metrics.invocation
        functions.standing_still = self.task_clocks.standing_still
        bus = self._install_hooks(writer, gateway)
        self.programs = connect_preparation(
            self.services, options, self._clients, bus, writer, scratch / "spark", self._cleanup
        )
        self._install_jobs(scratch)
        self._connect_serving(own, gateway, writer, scratch)

        def on_function(
            name: str, code: Path, properties: Mapping[str, Any], layers: Sequence[Layer]
        ) -> None:
            functions.configure(name, code, layers)
            logs.configure(name, properties)

        apis = RestApis()
        api_functions = ApiFunctions(functions.run)
        self._cleanup.callback(api_functions.close)
        gateway.apis = ApiFront(Place(options.account, options.region), apis, api_functions)
        deployment = Deployment(
            self._clients, options.account, options.region, on_function, apis.creators()
        )
        deployment.install(self._hooks)
        self.outputs = deployment.deploy(options.stack_name, template)
        self._cleanup.callback(setattr, gateway, "closing", True)
        for name, value in options.quotas.items():
            self.services.quotas.at(options.account, options.region).set(name, value)
        load_accounts(options.accounts, self.services, self.faults)
        if options.accounts:
            # A large account would be looked through again and again by the garbage collector.
            gc.freeze()
            self._cleanup.callback(gc.unfreeze)
            # Starting took its time: what is served is the account at its instant.
            self.clock.set(options.accounts[0].now)
        self.calls.clear()
        self.recorded.clear()
        self.not_done = sorted(deployment.not_done)

    def _functions(self, scratch: Path, logs: FunctionLogs) -> Functions:
        options = self._options
        folder = scratch / "lambda"
        folder.mkdir()
        runtime = (options.lambda_runtime or LambdaRuntime)(
            python=options.python,
            scratch=folder,
            on_log=logs.write,
            base_environment=self._base_environment(),
        )
        functions = Functions(runtime, FunctionConfig, options.template.parent, options.time_scale)
        self._cleanup.callback(functions.close)
        functions.install(self._hooks)
        return functions

    def _base_environment(self) -> dict[str, str]:
        """Return what Lambda gives every function, and the endpoint in place of AWS itself."""
        region = self._options.region
        return {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def _install_hooks(self, writer: LogWriter, gateway: Gateway) -> EventBus:
        options, hooks, clock = self._options, self._hooks, self.clock
        clock_hooks.install(hooks, clock)
        moto_caches.install(hooks)
        callers.set_home_account(hooks, options.account)
        self.services.install(hooks)
        bus = EventBus(self._clients, options.account, options.time_scale, clock)
        self._cleanup.callback(bus.close)
        self._cleanup.callback(lambda: _stop_executions(options.account, options.region, clock))
        bus.install(hooks)
        mappings = QueueMappings(self._clients, lambda: gateway.lock("sqs"))
        self._cleanup.callback(mappings.close)
        mappings.install(hooks)
        self.services.registries.connect(lambda *change: self._announce_version(bus, *change))
        schedules = Schedules(self._clients, clock)
        self._cleanup.callback(schedules.close)
        schedules.install(hooks)
        self.services.scaling_actions.connect(self._clients, options.account)
        self._cleanup.callback(self.services.scaling_actions.close)
        self._connect_bedrock()
        connect_hosting(self.services, options, self._clients, bus, gateway, self._cleanup)
        bucket_policies.install(hooks)
        table_indexes.install(hooks)
        table_locks.install(hooks)
        table_numbers.install(hooks)
        s3_events.install(hooks, bus, current_operation)
        interpreter.install(
            hooks,
            self._clients,
            options.time_scale,
            writer,
            lambda execution: _announce(bus, self.services.own_metrics, execution),
            clock,
            self.task_clocks,
        )
        return bus

    def _announce_version(
        self, bus: EventBus, account: str, region: str, detail: dict[str, Any]
    ) -> None:
        """Tell EventBridge of a version in the registry, where the stack's own rules hear it."""
        if (account, region) == (self._options.account, self._options.region):
            bus.publish(
                source="aws.sagemaker",
                detail_type="SageMaker Model Package State Change",
                detail=detail,
                resources=[detail["ModelPackageArn"]],
            )

    def _connect_bedrock(self) -> None:
        services, options = self.services, self._options
        folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="local-bedrock-"))
        services.bedrock_world.connect(
            options.bedrock, options.time_scale, Path(folder), self._clients.get
        )
        self._cleanup.callback(services.bedrock_world.close)
        self._cleanup.callback(services.bedrock_jobs.close)
        self._cleanup.callback(services.bedrock_evaluations.close)

    def _connect_serving(
        self, own: OwnCalls, gateway: Gateway, writer: LogWriter, scratch: Path
    ) -> None:
        if self._options.serving is None:
            return
        folder = scratch / "serving"
        folder.mkdir()
        serving.connect(
            self.services,
            self._options.serving,
            own=own,
            gateway=gateway,
            clients=self._clients,
            clock=self.clock,
            writer=writer,
            scratch=folder,
            environment=self._base_environment(),
            cleanup=self._cleanup,
        )

    def _install_jobs(self, scratch: Path) -> None:
        if self._options.training_jobs is None:
            return
        folder = scratch / "training"
        folder.mkdir()
        quotas = self.services.quotas
        jobs = self._options.training_jobs(
            scratch=folder,
            clock=self.clock.now,
            quota_of=lambda account, region, name: quotas.at(account, region).limit(name),
            plans=self.services.training_plans,
        )
        self.jobs = jobs
        self._cleanup.callback(jobs.close)
        jobs.set_endpoint(self.endpoint)
        jobs.install()


def _refused(options: Options) -> frozenset[Call]:
    """Return the calls that nobody here does."""
    training = frozenset() if options.training_jobs else _TRAINING_CALLS
    return training | (frozenset() if options.serving else _SERVING_CALLS)


def _reset() -> None:
    BackendDict.reset()
    reset_model_data()


def _execute_state_machines(cleanup: contextlib.ExitStack) -> None:
    before = default_user_config.get("stepfunctions")
    default_user_config["stepfunctions"] = {"execute_state_machine": True}

    def restore() -> None:
        default_user_config.pop("stepfunctions", None)
        if before is not None:
            default_user_config["stepfunctions"] = before

    cleanup.callback(restore)


def _announce(bus: EventBus, metrics: OwnMetrics, execution: Any) -> None:
    """Tell EventBridge that an execution started or ended, as Step Functions does, and count it."""
    description = executions.describe(execution)
    metrics.execution(description)
    for name in ("startDate", "stopDate"):
        moment = description.get(name)
        description[name] = int(moment.timestamp() * 1000) if moment else None
    bus.publish(
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        detail=description,
        resources=[execution.execution_arn],
    )


def _stop_executions(account: str, region: str, clock: Clock) -> None:
    """End executions that still run, so that none calls a server that is gone."""
    for execution in executions.running(account, region):
        environment = execution.exec_worker.env
        if environment is not None:
            environment.set_stop(stop_date=clock.now(), cause=None, error=None)
