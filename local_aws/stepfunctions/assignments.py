"""When `Assign` and `Output` take effect.

Step Functions evaluates a state's `Assign` and `Output` side by side: both see the variables as
they were before. An `Output` that fails is an error of its state, which `Catch` may catch. moto
assigns first and evaluates a task's `Output` outside of its `Catch`.
"""

import json
from typing import Any

from moto.stepfunctions.parser.asl.component.common.assign.assign_decl import AssignDecl
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore

from local_aws.hooks import Hooks

# The interpreter clears the heap of an environment after each state.
_PENDING = "local_aws.assignments"
_OUTPUT_DONE = "local_aws.output_done"


def install(hooks: Hooks) -> None:
    """Hold assignments back until the state's output stands."""
    hooks.replace(AssignDecl, "_eval_body", _eval_assign)
    hooks.replace(VariableStore, "get_assigned_variables", _assigned_variables)
    for state_class in (CommonStateField, StateChoice):
        _commit_before(hooks, state_class)
    _evaluate_output_inside_catch(hooks)


def _eval_assign(self: Any, env: Any) -> None:
    declarations: dict[str, Any] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        declarations.update(env.stack.pop())
    env.heap[_PENDING] = declarations


def _commit(env: Any) -> None:
    for identifier, value in env.heap.pop(_PENDING, {}).items():
        env.variable_store.set(variable_identifier=identifier, variable_value=value)


def _commit_before(hooks: Hooks, state_class: Any) -> None:
    original = state_class._set_next

    def set_next(self: Any, env: Any) -> None:
        _commit(env)
        original(self, env)

    hooks.replace(state_class, "_set_next", set_next)


def _evaluate_output_inside_catch(hooks: Hooks) -> None:
    evaluate = ExecutionState._evaluate_with_timeout
    output_of = ExecutionState._eval_state_output

    def evaluate_with_timeout(self: Any, env: Any) -> None:
        env.heap.pop(_PENDING, None)
        evaluate(self, env)
        if self.output:
            self.output.eval(env=env)
            env.heap[_OUTPUT_DONE] = True

    def eval_state_output(self: Any, env: Any) -> None:
        caught = bool(env.stack) and isinstance(env.stack[-1], CatchOutcome)
        if caught or not env.heap.pop(_OUTPUT_DONE, False):
            output_of(self, env)

    hooks.replace(ExecutionState, "_evaluate_with_timeout", evaluate_with_timeout)
    hooks.replace(ExecutionState, "_eval_state_output", eval_state_output)


def _assigned_variables(self: Any) -> dict[str, str]:
    return {name: json.dumps(self.get(name), default=str) for name in self._declaration_tracing}
