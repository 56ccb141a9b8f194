"""What each cell of the matrix is held to: which error comes, and what it says."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator

from taskfarm_sdk import (
    AuthenticationError,
    ConnectionFailed,
    NotFound,
    OutcomeUnknown,
    RequestRejected,
    RunBroken,
    RunNotFound,
    ServerError,
    TaskfarmError,
    UnexpectedReply,
)
from tests.support.hostile.callers import MODES, PASSWORD, USER, Came
from tests.support.hostile.operations import TOKEN, Operation, Scene
from tests.support.hostile.replies import Fate, Hostile

# Two URLs, and what is quoted of a reply; an unknown outcome tells the error before it as well.
LINE_MOST = 900
SECRETS = (
    TOKEN,
    PASSWORD,
    base64.b64encode(f"{TOKEN}:".encode()).decode(),
    base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(),
)
CLAIMED = "was claimed to test the run and could not be given back"
ASKED = re.compile(r"\b(GET|POST|PUT|DELETE) http://127\.0\.0\.1:\d+/api/")
# These are about the credentials, the run or its repair, and name the API's URL or the run.
OF_NO_REQUEST = (AuthenticationError, RunNotFound, RunBroken)
# After these statuses, the server has not acted, or a repetition is of no use.
KNOWN = (408, 425, 429, 500, 501, 505)
# They are not repeated once they were sent; a claim only by `repair`.
ONCE_ONLY = ("create_run", "restart_run", "claim_task")
# A repetition is of no use.
FOR_GOOD = (501, 505)
Error = type[TaskfarmError]


def error_of(hostile: Hostile, operation: Operation) -> Error | None:
    """Return which error a farm raises for a reply, or None if it need not raise one."""
    match hostile.fate:
        case Fate.EITHER:
            return None
        case Fate.SOUND:
            # A sound run is refused to be repaired.
            return TaskfarmError if MODES[operation.name][0] == "--repair" else None
        case Fate.UNEXPECTED:
            return UnexpectedReply
        case Fate.LOST:
            return OutcomeUnknown if operation.name in ONCE_ONLY else ConnectionFailed
        case Fate.STATUS:
            return _error_of_status(hostile.status, operation)


def _error_of_status(status: int, operation: Operation) -> Error | None:
    if status in KNOWN or status >= 500:
        unknown = operation.name in ONCE_ONLY and status not in KNOWN
        # `repair` takes a claim that is answered 500 as the sign of a broken run.
        repairs = operation.name == "claim_task" and status == 500
        return OutcomeUnknown if unknown else None if repairs else ServerError
    if status == 404:
        return _not_found(operation)
    if status >= 400:
        return AuthenticationError if status == 401 else RequestRejected
    # A 204 to a claim says that no task is left.
    done = status == 204 and (operation.document is None or operation.name == "claim_task")
    return None if done else UnexpectedReply


def _not_found(operation: Operation) -> Error:
    if operation.name == "get_run":
        return RunNotFound
    # Others are about a run that is there: the server does not know the request.
    known = operation.name in ("create_run", "list_runs", "register_worker")
    return NotFound if known else UnexpectedReply


def error_in_worker(hostile: Hostile, operation: Operation) -> Error | None:
    """Return which error a worker ends with, or None if it need not end with one."""
    if operation.name != "claim_task":
        wanted = error_of(hostile, operation)
        return None if hostile.fate is Fate.SOUND else wanted
    match hostile.fate:
        case Fate.LOST:
            return ConnectionFailed
        case Fate.STATUS if hostile.status == 500:
            return RunBroken
        case Fate.STATUS if hostile.status in KNOWN or hostile.status > 500:
            return ServerError
        case Fate.SOUND:
            return None
        case _:
            return error_of(hostile, operation)


def is_tried_again(hostile: Hostile, operation: Operation) -> bool:
    """Return whether a worker tries its request again after a reply."""
    status = hostile.status
    if hostile.fate is Fate.LOST:
        return True
    if hostile.fate is not Fate.STATUS or status in FOR_GOOD:
        return False
    refused = status == 400 and operation.name == "update_task"
    return refused or status in KNOWN or status >= 500


def exit_status_of(kind: Error, status: int) -> int:
    """Return the exit status of manageTF, by the error and the status of the reply."""
    if kind is AuthenticationError:
        return 3
    if kind is RunNotFound:
        return 4
    away = kind is ServerError and status in (502, 503, 504)
    return 6 if away or kind is ConnectionFailed else 1


def faults_of_farm(
    came: Came, scene: Scene, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    """Yield what is wrong with what a farm made of a reply."""
    wanted = error_of(hostile, operation)
    if came.error is None and wanted is not None:
        yield f"no error, but {wanted.__name__} was to come"
    if hostile.fate is Fate.SOUND and wanted is None and came.error is not None:
        yield f"a sound reply was refused: {came.error}"
    yield from _faults_of_error(came, wanted, hostile, operation)


def faults_of_worker(
    came: Came, scene: Scene, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    """Yield what is wrong with what a worker made of a reply that stays."""
    wanted = error_in_worker(hostile, operation)
    if came.error is None and wanted is not None:
        yield f"the work ended well, but {wanted.__name__} was to come"
    if wanted is not None and operation.name != "update_task" and scene.completions():
        yield "a task was completed that was not handed out, or failed"
    yield from _faults_of_error(came, wanted, hostile, operation)
    yield from _faults_of_work(came, scene)


def faults_of_recovery(
    came: Came, scene: Scene, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    """Yield what is wrong with what a worker made of one reply that sound ones follow."""
    if is_tried_again(hostile, operation):
        if came.error is not None:
            yield f"the work ended, but its request was to be tried again: {came.error}"
        if came.computed != 1:
            yield f"{came.computed} tasks were computed, not 1"
        yield from _faults_of_work(came, scene)
    else:
        wanted = error_in_worker(hostile, operation)
        if came.error is None and wanted is not None:
            yield f"the work ended well, but {wanted.__name__} was to come"
        yield from _faults_of_error(came, wanted, hostile, operation)


def _faults_of_work(came: Came, scene: Scene) -> Iterator[str]:
    if scene.completions() and not came.computed:
        yield "a task was completed that was not computed"
    left = [each.name for each in threading.enumerate() if each.name.startswith("taskfarm")]
    if left:
        yield f"threads are left: {left}"


def faults_of_command(
    came: Came, scene: Scene, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    """Yield what is wrong with what manageTF made of a reply."""
    wanted = error_of(hostile, operation)
    if wanted is not None and came.status != exit_status_of(wanted, hostile.status):
        yield f"exit status {came.status} for {wanted.__name__}: {came.told}"
    if came.status and not (came.line.startswith("manageTF: ") and came.line.endswith("\n")):
        yield f"no line of manageTF's: {came.line!r}"
    if came.status and came.told != came.line:
        yield f"output beside an error: {came.told!r:.300}"
    if "a bug in this program" in came.line:
        yield f"no error of the SDK: {came.line}"
    lines = came.line.removesuffix("\n").split("\n")
    # A repair that goes wrong in the middle says first which task it leaves claimed.
    if any(CLAIMED not in line for line in lines[:-1]) or len(lines) > 2:
        yield f"more than one line: {came.line!r:.300}"
    for line in lines:
        yield from _faults_of_line(line)
    yield from _faults_of_secrets(came.told)


def faults_of_log(lines: list[str]) -> Iterator[str]:
    """Yield what is wrong with the lines that were logged."""
    for line in lines:
        yield from _faults_of_line(line)
        yield from _faults_of_secrets(line)


def faults_of_handshake(came: Came) -> Iterator[str]:
    """Yield what is wrong with what came of a connection without a handshake."""
    error = came.error
    if came.status is None and not (isinstance(error, ConnectionFailed) and not error.sent):
        yield f"{type(error).__name__}, not the error for what was never sent: {error}"
    if came.status not in (None, 6):
        yield f"exit status {came.status}: {came.told}"
    yield from _faults_of_line(came.line.removesuffix("\n") if error is None else str(error))
    yield from _faults_of_secrets(came.told)


def _faults_of_error(
    came: Came, wanted: Error | None, hostile: Hostile, operation: Operation
) -> Iterator[str]:
    error = came.error
    yield from _faults_of_secrets(came.told)
    if error is None:
        return
    if not isinstance(error, TaskfarmError):
        yield f"{type(error).__name__} is no error of the SDK: {str(error)[:200]}"
        return
    if wanted is not None and type(error) is not wanted:
        yield f"{type(error).__name__}, not {wanted.__name__}: {error}"
    yield from _faults_of_line(str(error))
    is_of_reply = hostile.fate in (Fate.UNEXPECTED, Fate.LOST, Fate.STATUS)
    # `repair` tells of an unknown hand-out by the command that finds its task.
    is_of_reply &= not isinstance(error, OF_NO_REQUEST) and operation.name != "claim_task"
    if is_of_reply and not ASKED.search(str(error)):
        yield f"names no request: {error}"


def _faults_of_line(line: str) -> Iterator[str]:
    if not line.isprintable():
        yield f"not one printable line: {line!r:.300}"
    if len(line) > LINE_MOST:
        yield f"{len(line)} characters: {line[:300]}"


def _faults_of_secrets(told: str) -> Iterator[str]:
    for secret in SECRETS:
        if secret in told:
            yield f"tells {secret}: {told[-300:]}"


Check = Callable[[Came, Scene, Hostile, Operation], Iterator[str]]
