from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.task_update import TaskUpdate
from ...types import Response


def _get_kwargs(
    uuid: str,
    task: int,
    *,
    body: TaskUpdate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "put",
        "url": "/runs/{uuid}/tasks/{task}".format(
            uuid=quote(str(uuid), safe=""),
            task=quote(str(task), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | str | None:
    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

    if response.status_code == 400:
        response_400 = response.text
        return response_400

    if response.status_code == 401:
        response_401 = response.text
        return response_401

    if response.status_code == 404:
        response_404 = response.text
        return response_404

    if response.status_code == 415:
        response_415 = response.text
        return response_415

    if response.status_code == 500:
        response_500 = response.text
        return response_500

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    else:
        return None


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | str]:
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
    body: TaskUpdate,
) -> Response[Any | str]:
    """Report on a task

     Writes the percentage, the status, or both in one call; what is left out stays. Nothing is compared:
    whoever writes last wins, whether or not they hold the task, and a report that arrives late
    overwrites a newer one. A percentage does not change the status: 100 is not done. Like reading, it
    creates a task that does not exist yet, even when the answer is an error, with the same harm to
    hand-outs.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        body (TaskUpdate): What to write to a task, one of the two at least. A status of null is
            taken too, and makes every reading of the task a 500 until a status is written or the run
            restarted.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        task=task,
        body=body,
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
    body: TaskUpdate,
) -> Any | str | None:
    """Report on a task

     Writes the percentage, the status, or both in one call; what is left out stays. Nothing is compared:
    whoever writes last wins, whether or not they hold the task, and a report that arrives late
    overwrites a newer one. A percentage does not change the status: 100 is not done. Like reading, it
    creates a task that does not exist yet, even when the answer is an error, with the same harm to
    hand-outs.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        body (TaskUpdate): What to write to a task, one of the two at least. A status of null is
            taken too, and makes every reading of the task a 500 until a status is written or the run
            restarted.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | str
    """

    return sync_detailed(
        uuid=uuid,
        task=task,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    body: TaskUpdate,
) -> Response[Any | str]:
    """Report on a task

     Writes the percentage, the status, or both in one call; what is left out stays. Nothing is compared:
    whoever writes last wins, whether or not they hold the task, and a report that arrives late
    overwrites a newer one. A percentage does not change the status: 100 is not done. Like reading, it
    creates a task that does not exist yet, even when the answer is an error, with the same harm to
    hand-outs.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        body (TaskUpdate): What to write to a task, one of the two at least. A status of null is
            taken too, and makes every reading of the task a 500 until a status is written or the run
            restarted.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        task=task,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    uuid: str,
    task: int,
    *,
    client: AuthenticatedClient | Client,
    body: TaskUpdate,
) -> Any | str | None:
    """Report on a task

     Writes the percentage, the status, or both in one call; what is left out stays. Nothing is compared:
    whoever writes last wins, whether or not they hold the task, and a report that arrives late
    overwrites a newer one. A percentage does not change the status: 100 is not done. Like reading, it
    creates a task that does not exist yet, even when the answer is an error, with the same harm to
    hand-outs.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        task (int): The task's number in its run, from 0.
        body (TaskUpdate): What to write to a task, one of the two at least. A status of null is
            taken too, and makes every reading of the task a 500 until a status is written or the run
            restarted.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | str
    """

    return (
        await asyncio_detailed(
            uuid=uuid,
            task=task,
            client=client,
            body=body,
        )
    ).parsed
