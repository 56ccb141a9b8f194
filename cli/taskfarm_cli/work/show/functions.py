"""Show what the function of items returned, from a results folder of `farm.map`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskfarm_cli.common.exit_status import CommandError, ExitStatus, UsageError
from taskfarm_cli.common.text import one_line, printable
from taskfarm_cli.work.show.summary import Summary

if TYPE_CHECKING:
    from taskfarm_cli.work.command_line.show_arguments import ShowOptions
    from taskfarm_sdk import Result, Results


def show(options: ShowOptions) -> ExitStatus:
    """Show what is asked for.

    Raises:
        UsageError: there is no such item.
        CommandError: items failed or are missing; the rest was shown.
        TaskfarmError: the folder may not be trusted.
    """
    import taskfarm_sdk

    results = taskfarm_sdk.results(options.folder)
    if options.item is not None:
        return _one(options, results)
    if options.failed:
        return _list_failed(options, results)
    if options.csv is not None:
        results.to_csv(options.csv)
        return _count(options, results).end()
    summary = Summary(options.folder)
    for result in results:
        _note(result, summary)
        if result.error is None:
            _print(result, tag=options.tag)
    return summary.end()


def _one(options: ShowOptions, results: Results[Any]) -> ExitStatus:
    """Show one item; whether it has a value counts."""
    item = options.item
    assert item is not None
    if item >= len(results):
        raise UsageError(f"there is no item {item}: the run has items 0 to {len(results) - 1}")
    result = results[item]
    if result.error is None:
        _print(result, tag=options.tag)
        return ExitStatus.OK
    status = ExitStatus.TASKS_FAILED if result.attempts else ExitStatus.NOT_FINISHED
    raise CommandError(f"item {item} has no value: {_told(result.error)}", status)


def _list_failed(options: ShowOptions, results: Results[Any]) -> ExitStatus:
    for item in results.failed:
        error = results[item].error
        if error is not None:
            print(item, _told(error), sep="\t")
    return _count(options, results).end(has_listed=True)


def _count(options: ShowOptions, results: Results[Any]) -> Summary:
    summary = Summary(options.folder)
    failed, missing = results.failed, results.missing
    for item in failed:
        summary.failed(item)
    for item in missing:
        summary.missing(item)
    for _ in range(len(results) - len(failed) - len(missing)):
        summary.succeeded()
    return summary


def _note(result: Result[Any], summary: Summary) -> None:
    if result.error is None:
        summary.succeeded()
    elif result.attempts:
        summary.failed(result.number)
    else:
        summary.missing(result.number)


def _print(result: Result[Any], *, tag: bool) -> None:
    mark = f"{result.number}\t" if tag else ""
    print(f"{mark}{printable(_shown(result.value))}")


def _shown(value: object) -> str:
    try:
        return repr(value)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - users' classes raise what they like
        return f"<{type(value).__name__} that cannot be shown: {_told(error)}>"


def _told(error: BaseException) -> str:
    try:
        text = str(error)
    except (Exception, SystemExit) as trouble:  # noqa: BLE001 - as above
        text = f"(its text cannot be shown: {type(trouble).__name__})"
    return one_line(f"{type(error).__name__}: {text}")
