from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.worker import Worker
from ...models.worker_request import WorkerRequest
from ...types import Response


def _get_kwargs(
    *,
    body: WorkerRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/worker",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Worker | str | None:
    if response.status_code == 201:
        response_201 = Worker.from_dict(response.json())

        return response_201

    if response.status_code == 400:
        response_400 = response.text
        return response_400

    if response.status_code == 401:
        response_401 = response.text
        return response_401

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
) -> Response[Worker | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: WorkerRequest,
) -> Response[Worker | str]:
    """Register a worker

     Makes a worker known, which it must be before it can take tasks. Its uuid is its own choice and has
    to be new: one that is taken is a 500, so after a lost reply register again under a fresh one.
    Workers cannot be listed or removed.

    Args:
        body (WorkerRequest): Who a worker is.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Worker | str]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: WorkerRequest,
) -> Worker | str | None:
    """Register a worker

     Makes a worker known, which it must be before it can take tasks. Its uuid is its own choice and has
    to be new: one that is taken is a 500, so after a lost reply register again under a fresh one.
    Workers cannot be listed or removed.

    Args:
        body (WorkerRequest): Who a worker is.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Worker | str
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: WorkerRequest,
) -> Response[Worker | str]:
    """Register a worker

     Makes a worker known, which it must be before it can take tasks. Its uuid is its own choice and has
    to be new: one that is taken is a 500, so after a lost reply register again under a fresh one.
    Workers cannot be listed or removed.

    Args:
        body (WorkerRequest): Who a worker is.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Worker | str]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: WorkerRequest,
) -> Worker | str | None:
    """Register a worker

     Makes a worker known, which it must be before it can take tasks. Its uuid is its own choice and has
    to be new: one that is taken is a 500, so after a lost reply register again under a fresh one.
    Workers cannot be listed or removed.

    Args:
        body (WorkerRequest): Who a worker is.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Worker | str
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
