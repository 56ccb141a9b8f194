from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.restart_all import RestartAll
from ...types import UNSET, Response, Unset


def _get_kwargs(
    uuid: str,
    *,
    all_: RestartAll | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_all_: str | Unset = UNSET
    if not isinstance(all_, Unset):
        json_all_ = all_

    params["all"] = json_all_

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/runs/{uuid}/restart".format(
            uuid=quote(str(uuid), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | str | None:
    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

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
) -> Response[Any | str]:
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
    all_: RestartAll | Unset = UNSET,
) -> Response[Any | str]:
    """Queue a run's tasks again

     Sets tasks of the run waiting again: those under 100 percent, or all of them. Tasks that live
    workers are computing are taken along, and will be computed twice. A task that was called done under
    100 percent is queued again, while one that is computing at 100 or more, at null or at `NaN` is
    passed over and stays as it is.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        all_ (RestartAll | Unset): Whether finished tasks are queued again too, spelt as Python
            does.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        all_=all_,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    all_: RestartAll | Unset = UNSET,
) -> Any | str | None:
    """Queue a run's tasks again

     Sets tasks of the run waiting again: those under 100 percent, or all of them. Tasks that live
    workers are computing are taken along, and will be computed twice. A task that was called done under
    100 percent is queued again, while one that is computing at 100 or more, at null or at `NaN` is
    passed over and stays as it is.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        all_ (RestartAll | Unset): Whether finished tasks are queued again too, spelt as Python
            does.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | str
    """

    return sync_detailed(
        uuid=uuid,
        client=client,
        all_=all_,
    ).parsed


async def asyncio_detailed(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    all_: RestartAll | Unset = UNSET,
) -> Response[Any | str]:
    """Queue a run's tasks again

     Sets tasks of the run waiting again: those under 100 percent, or all of them. Tasks that live
    workers are computing are taken along, and will be computed twice. A task that was called done under
    100 percent is queued again, while one that is computing at 100 or more, at null or at `NaN` is
    passed over and stays as it is.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        all_ (RestartAll | Unset): Whether finished tasks are queued again too, spelt as Python
            does.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        all_=all_,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    all_: RestartAll | Unset = UNSET,
) -> Any | str | None:
    """Queue a run's tasks again

     Sets tasks of the run waiting again: those under 100 percent, or all of them. Tasks that live
    workers are computing are taken along, and will be computed twice. A task that was called done under
    100 percent is queued again, while one that is computing at 100 or more, at null or at `NaN` is
    passed over and stays as it is.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        all_ (RestartAll | Unset): Whether finished tasks are queued again too, spelt as Python
            does.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Any | str
    """

    return (
        await asyncio_detailed(
            uuid=uuid,
            client=client,
            all_=all_,
        )
    ).parsed
