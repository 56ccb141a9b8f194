from typing import Literal

RestartAll = Literal["False", "True"]

RESTART_ALL_VALUES: set[RestartAll] = {
    "False",
    "True",
}


def check_restart_all(value: str) -> RestartAll:
    if value in RESTART_ALL_VALUES:
        return value
    raise TypeError(
        f"Unexpected value {value!r}. Expected one of {RESTART_ALL_VALUES!r}"
    )
