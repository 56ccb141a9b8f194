from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.num_computing_only import NumComputingOnly
from ...models.num_done_only import NumDoneOnly
from ...models.num_waiting_only import NumWaitingOnly
from ...models.percent_done_only import PercentDoneOnly
from ...models.run_field import RunField
from ...models.run_info import RunInfo
from ...types import UNSET, Response, Unset


def _get_kwargs(
    uuid: str,
    *,
    info: RunField | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_info: str | Unset = UNSET
    if not isinstance(info, Unset):
        json_info = info

    params["info"] = json_info

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/runs/{uuid}".format(
            uuid=quote(str(uuid), safe=""),
        ),
        "params": params,
    }

    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> (
    NumComputingOnly
    | NumDoneOnly
    | NumWaitingOnly
    | PercentDoneOnly
    | RunInfo
    | str
    | None
):
    if response.status_code == 200:

        def _parse_response_200(
            data: object,
        ) -> (
            NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo
        ):
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_0 = RunInfo.from_dict(data)

                return response_200_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_1 = PercentDoneOnly.from_dict(data)

                return response_200_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_2 = NumWaitingOnly.from_dict(data)

                return response_200_type_2
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_200_type_3 = NumDoneOnly.from_dict(data)

                return response_200_type_3
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_200_type_4 = NumComputingOnly.from_dict(data)

            return response_200_type_4

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
) -> Response[
    NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str
]:
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
    info: RunField | Unset = UNSET,
) -> Response[
    NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str
]:
    """Get a run's counts

     Gives the run with its counts, or one of the counts alone. They count the tasks that exist: what
    truly waits is `numTasks - numComputing - numDone`, not `numWaiting`. On PostgreSQL each count is a
    query of its own, so while workers are busy the counts of one reply may not fit each other.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        info (RunField | Unset): A field of a run that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        info=info,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    info: RunField | Unset = UNSET,
) -> (
    NumComputingOnly
    | NumDoneOnly
    | NumWaitingOnly
    | PercentDoneOnly
    | RunInfo
    | str
    | None
):
    """Get a run's counts

     Gives the run with its counts, or one of the counts alone. They count the tasks that exist: what
    truly waits is `numTasks - numComputing - numDone`, not `numWaiting`. On PostgreSQL each count is a
    query of its own, so while workers are busy the counts of one reply may not fit each other.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        info (RunField | Unset): A field of a run that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str
    """

    return sync_detailed(
        uuid=uuid,
        client=client,
        info=info,
    ).parsed


async def asyncio_detailed(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    info: RunField | Unset = UNSET,
) -> Response[
    NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str
]:
    """Get a run's counts

     Gives the run with its counts, or one of the counts alone. They count the tasks that exist: what
    truly waits is `numTasks - numComputing - numDone`, not `numWaiting`. On PostgreSQL each count is a
    query of its own, so while workers are busy the counts of one reply may not fit each other.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        info (RunField | Unset): A field of a run that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str]
    """

    kwargs = _get_kwargs(
        uuid=uuid,
        info=info,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    uuid: str,
    *,
    client: AuthenticatedClient | Client,
    info: RunField | Unset = UNSET,
) -> (
    NumComputingOnly
    | NumDoneOnly
    | NumWaitingOnly
    | PercentDoneOnly
    | RunInfo
    | str
    | None
):
    """Get a run's counts

     Gives the run with its counts, or one of the counts alone. They count the tasks that exist: what
    truly waits is `numTasks - numComputing - numDone`, not `numWaiting`. On PostgreSQL each count is a
    query of its own, so while workers are busy the counts of one reply may not fit each other.

    Args:
        uuid (str): The run's uuid as the server gave it, without dashes.
        info (RunField | Unset): A field of a run that can be asked for alone.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        NumComputingOnly | NumDoneOnly | NumWaitingOnly | PercentDoneOnly | RunInfo | str
    """

    return (
        await asyncio_detailed(
            uuid=uuid,
            client=client,
            info=info,
        )
    ).parsed
