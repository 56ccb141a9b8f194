from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.percent_completed_only import PercentCompletedOnly
from ...models.status_only import StatusOnly
from ...models.task import Task
from ...models.task_field import TaskField
from ...types import UNSET, Response, Unset


def _get_kwargs(
    uuid: str,
    task: int,
    *,
    info: TaskField | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_info: str | Unset = UNSET
    if not isinstance(info, Unset):
        json_info = info

    params["info"] = json_info

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/runs/{uuid}/tasks/{task}".format(
            uuid=quote(str(uuid), safe=""),
            task=quote(str(task), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> PercentCompletedOnly | StatusOnly | Task | str | None:
    if response.status_code == 200:

        def _parse_response_200(
            data: object,
        ) -> PercentCompletedOnly | StatusOnly | Task:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = Task.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_1 = StatusOnly.from_dict(data)

                return response_200_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_2 = PercentCompletedOnly.from_dict(data)

            return response_200_type_2

        response_200 = _parse_response_200(response.json())

        return response_200

    if response.status_code == 401:
        response_401 = response.text
        return response_401

    if response.status_code == 404:
        response_404 = response.text
        return response_404

    if response.status_code == 500:
        response_500 = response.text
        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PercentCompletedOnly | StatusOnly | Task | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    info: TaskField | Unset = UNSET,
) -> Response[PercentCompletedOnly | StatusOnly | Task | str]:
    """Get a task

     Gives the task, or one field of it. Although a GET, it creates a task that does not exist yet, even
    when the answer is a 404 for an unknown `info`; out of turn, that breaks the run's hand-outs.
    Numbers below `numDone + numComputing` of the run are safe to read. It answers 500 if the run's
    `numTasks` is null or text and the task does not exist, and if someone set the task's status to
    null.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        info (TaskField | Unset): A field of a task that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PercentCompletedOnly | StatusOnly | Task | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        task=task,
        info=info,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    info: TaskField | Unset = UNSET,
) -> PercentCompletedOnly | StatusOnly | Task | str | None:
    """Get a task

     Gives the task, or one field of it. Although a GET, it creates a task that does not exist yet, even
    when the answer is a 404 for an unknown `info`; out of turn, that breaks the run's hand-outs.
    Numbers below `numDone + numComputing` of the run are safe to read. It answers 500 if the run's
    `numTasks` is null or text and the task does not exist, and if someone set the task's status to
    null.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        info (TaskField | Unset): A field of a task that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PercentCompletedOnly | StatusOnly | Task | str
    """

    return sync_detailed(
        uuid=uuid,
        task=task,
        client=client,
        info=info,
    ).parsed


async def asyncio_detailed(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    info: TaskField | Unset = UNSET,
) -> Response[PercentCompletedOnly | StatusOnly | Task | str]:
    """Get a task

     Gives the task, or one field of it. Although a GET, it creates a task that does not exist yet, even
    when the answer is a 404 for an unknown `info`; out of turn, that breaks the run's hand-outs.
    Numbers below `numDone + numComputing` of the run are safe to read. It answers 500 if the run's
    `numTasks` is null or text and the task does not exist, and if someone set the task's status to
    null.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        info (TaskField | Unset): A field of a task that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PercentCompletedOnly | StatusOnly | Task | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        task=task,
        info=info,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    info: TaskField | Unset = UNSET,
) -> PercentCompletedOnly | StatusOnly | Task | str | None:
    """Get a task

     Gives the task, or one field of it. Although a GET, it creates a task that does not exist yet, even
    when the answer is a 404 for an unknown `info`; out of turn, that breaks the run's hand-outs.
    Numbers below `numDone + numComputing` of the run are safe to read. It answers 500 if the run's
    `numTasks` is null or text and the task does not exist, and if someone set the task's status to
    null.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        info (TaskField | Unset): A field of a task that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        PercentCompletedOnly | StatusOnly | Task | str
    """

    return (
        await asyncio_detailed(
            uuid=uuid,
            task=task,
            client=client,
            info=info,
        )
    ).parsed
