from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.claim_request import ClaimRequest
from ...models.task import Task
from ...types import Response


def _get_kwargs(
    uuid: str,
    *,
    body: ClaimRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/runs/{uuid}/task".format(
            uuid=quote(str(uuid), safe=""),
        ),
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | Task | str | None:
    if response.status_code == 201:
        response_201 = Task.from_dict(response.json())

        return response_201

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
) -> Response[Any | Task | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
) -> Response[Any | Task | str]:
    """Take a task to compute

     Hands out a task that waits, in no set order, or else makes the next one, and marks it as
    computing. If the reply is lost, the task stays computing with nobody at work on it.

    A run is broken once a task was created out of turn, by reading or writing it too early:
    when no existing task waits any more, this answers 500 for ever. Reading all tasks once,
    in order, while no one else touches the run, mends it; but a mended run answers 500, not
    204, when all is handed out. A run whose `numTasks` is null or text answers 500 as well.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        body (ClaimRequest): Who asks for a task.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Task | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
) -> Any | Task | str | None:
    """Take a task to compute

     Hands out a task that waits, in no set order, or else makes the next one, and marks it as
    computing. If the reply is lost, the task stays computing with nobody at work on it.

    A run is broken once a task was created out of turn, by reading or writing it too early:
    when no existing task waits any more, this answers 500 for ever. Reading all tasks once,
    in order, while no one else touches the run, mends it; but a mended run answers 500, not
    204, when all is handed out. A run whose `numTasks` is null or text answers 500 as well.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        body (ClaimRequest): Who asks for a task.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Task | str
    """

    return sync_detailed(
        uuid=uuid,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
) -> Response[Any | Task | str]:
    """Take a task to compute

     Hands out a task that waits, in no set order, or else makes the next one, and marks it as
    computing. If the reply is lost, the task stays computing with nobody at work on it.

    A run is broken once a task was created out of turn, by reading or writing it too early:
    when no existing task waits any more, this answers 500 for ever. Reading all tasks once,
    in order, while no one else touches the run, mends it; but a mended run answers 500, not
    204, when all is handed out. A run whose `numTasks` is null or text answers 500 as well.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        body (ClaimRequest): Who asks for a task.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Task | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    body: ClaimRequest,
) -> Any | Task | str | None:
    """Take a task to compute

     Hands out a task that waits, in no set order, or else makes the next one, and marks it as
    computing. If the reply is lost, the task stays computing with nobody at work on it.

    A run is broken once a task was created out of turn, by reading or writing it too early:
    when no existing task waits any more, this answers 500 for ever. Reading all tasks once,
    in order, while no one else touches the run, mends it; but a mended run answers 500, not
    204, when all is handed out. A run whose `numTasks` is null or text answers 500 as well.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        body (ClaimRequest): Who asks for a task.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | Task | str
    """

    return (
        await asyncio_detailed(
            uuid=uuid,
            client=client,
            body=body,
        )
    ).parsed
