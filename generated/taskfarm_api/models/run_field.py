from typing import Literal

RunField = Literal["numComputing", "numDone", "numWaiting", "percentDone"]

RUN_FIELD_VALUES: set[RunField] = {
    "numComputing",
    "numDone",
    "numWaiting",
    "percentDone",
}


def check_run_field(value: str) -> RunField:
    if value in RUN_FIELD_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_FIELD_VALUES!r}")
