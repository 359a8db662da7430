"""Runs definitions of AWS Step Functions in tests, with tasks of Python, and checks them. Nothing is called, nothing waits.

    from states_language import StateMachine, TaskError

    machine = StateMachine.from_file("order.asl.json")

    def test_a_declined_card_cancels_the_order():
        result = machine.run({"id": 7}, tasks={"Charge": TaskError("CardDeclined"), "Cancel": {}})
        assert result.states == ["Charge", "Cancel"]
"""

from ._checking import Finding, check
from ._errors import ExecutionFailedError, InvalidDefinitionError, TaskError, UnmockedTaskError
from ._machine import StateMachine
from ._outcomes import NEVER, Returns, Takes, lambda_function
from ._result import Call, Result

__all__ = [
    "NEVER",
    "Call",
    "ExecutionFailedError",
    "Finding",
    "InvalidDefinitionError",
    "Result",
    "Returns",
    "StateMachine",
    "Takes",
    "TaskError",
    "UnmockedTaskError",
    "check",
    "lambda_function",
]
