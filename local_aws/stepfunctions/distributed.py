"""A distributed map's children: executions of their own, which see nothing but their input."""

from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker as worker,
)
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local_aws.hooks import Hooks


def install(hooks: Hooks) -> None:
    """Take the variables of the machine away, once a child's input is worked out."""
    original = worker.DistributedItemProcessorWorker._eval_input

    def eval_input(self: Any, env_frame: Any) -> None:
        original(self, env_frame)
        env_frame.variable_store = VariableStore()

    hooks.replace(worker.DistributedItemProcessorWorker, "_eval_input", eval_input)
