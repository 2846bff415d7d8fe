"""The log of a state machine: what its LoggingConfiguration sends to CloudWatch Logs."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.asl.eval.event.logging import is_logging_enabled_for
from moto.stepfunctions.parser.backend.execution import Execution

from local_aws.hooks import Hooks
from local_aws.log_writer import LogWriter, json_line


class ExecutionLog:
    """Where one execution writes; the interpreter asks for the level and hands over events."""

    def __init__(self, execution: Any, settings: dict[str, Any], writer: LogWriter) -> None:
        self.execution_arn = execution.exec_arn
        self.configuration = SimpleNamespace(
            include_execution_data=settings.get("includeExecutionData", False)
        )
        self._level = settings.get("level", "OFF")
        self._writer = writer
        self._group = _group(settings)
        self._stream = f"states/{execution.state_machine.name}/{execution.name}"

    def log_level_filter(self, history_event_type: Any) -> bool:
        """Whether the machine's level lets an event through."""
        return bool(self._group) and is_logging_enabled_for(self._level, history_event_type)

    def publish_history_log(self, history_log: dict[str, Any]) -> None:
        """Write one event."""
        time = history_log["event_timestamp"]
        moment = time if isinstance(time, datetime) else datetime.fromisoformat(str(time))
        line = {
            **history_log,
            "type": str(getattr(history_log["type"], "value", history_log["type"])),
            "event_timestamp": str(int(moment.timestamp() * 1000)),
        }
        self._writer.append(self._group, self._stream, [json_line(line)])


def _group(settings: dict[str, Any]) -> str:
    destinations = settings.get("destinations") or [{}]
    arn = destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
    return str(arn).partition(":log-group:")[2].removesuffix(":*")


def install(hooks: Hooks, writer: LogWriter) -> None:
    """Give each execution whose machine has a log its log."""
    original = Execution._get_start_execution_worker

    def start_worker(self: Any) -> Any:
        settings = self.state_machine.loggingConfiguration
        self._cloud_watch_logging_session = ExecutionLog(self, settings, writer)
        return original(self)

    hooks.replace(Execution, "_get_start_execution_worker", start_worker)
