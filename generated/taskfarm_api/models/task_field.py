from typing import Literal

TaskField = Literal["percentCompleted", "status"]

TASK_FIELD_VALUES: set[TaskField] = {
    "percentCompleted",
    "status",
}


def check_task_field(value: str) -> TaskField:
    if value in TASK_FIELD_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {TASK_FIELD_VALUES!r}"
    )
