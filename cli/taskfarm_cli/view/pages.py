"""Whole pages, as HTML without scripts or styles in it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from taskfarm_cli.common.text import counted
from taskfarm_cli.view.markup import Html, element, joined
from taskfarm_cli.view.parts import TITLE
from taskfarm_sdk.hidden import Hidden

_VIEWPORT = "width=device-width, initial-scale=1"


@attrs.frozen
class Action:
    """Something that a reader can have done to a run.

    Attributes:
        name: the last part of its address.
        title: what it is called.
        explanation: what it does, in a sentence.
        is_change: whether it changes the run, which must be allowed.
    """

    name: str
    title: str
    explanation: str
    is_change: bool = True


RESET = Action(
    "reset",
    "Reset",
    "Sets all tasks waiting that were not completed, failed ones and those of live workers too. Do "
    "it while no worker is at work on the run.",
)
RESET_FAILED = Action(
    "reset-failed",
    "Reset failed tasks",
    "Sets the failed tasks waiting, from 0 % and with no attempts. Others are not changed.",
)
DELETE = Action(
    "delete", "Delete", "Deletes the run and its tasks from the server. It cannot be undone."
)
SCAN = Action(
    "scan",
    "Read all tasks",
    "Reads each task of the run once and changes nothing.",
    is_change=False,
)
STOP = Action("stop-scan", "Stop reading", "Ends the reading of the tasks.", is_change=False)
ACTIONS = {action.name: action for action in (RESET, RESET_FAILED, DELETE, SCAN, STOP)}


def _document(title: str, base: str, *body: object, events: str | None = None) -> Html:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content=_VIEWPORT),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("link", rel="stylesheet", href=f"{base}style.css"),
        # Without it, browsers ask for /favicon.ico.
        element("link", rel="icon", href=f"{base}icon.svg"),
        element("script", src=f"{base}page.js", defer=True) if events else Html(""),
    )
    page = element("html", head, element("body", *body, data_events=events), lang="en")
    return Html(f"<!DOCTYPE html>\n{page}\n")


def _live(parts: Mapping[str, str], name: str, kind: str = "div", **more: str) -> Html:
    return element(kind, Html(parts[name]), id=f"part-{name}", **more)


def _notices(parts: Mapping[str, str]) -> Html:
    """Return where the page says that a server is gone; screen readers say it at once."""
    return joined(
        (
            # Filled by the page's script, for nobody else can tell that viewTF is gone.
            element("p", id="viewer", class_="warning", role="alert", hidden=True),
            _live(parts, "outage", role="status"),
            element(
                "noscript",
                element(
                    "p", "Without JavaScript this page stands still: reload it.", class_="quiet"
                ),
            ),
        )
    )


def list_page(url: str, parts: Mapping[str, str], *, base: str, part: int) -> Html:
    """Return the list of runs.

    Args:
        url: the farm's server.
        parts: its parts.
        base: the address of all pages.
        part: which part of the list it shows, from 0.
    """
    return _document(
        parts[TITLE],
        base,
        element("header", element("h1", "Runs"), element("p", f"at {url}", class_="quiet")),
        element(
            "main",
            _notices(parts),
            _live(parts, "runs"),
            _live(parts, "parts", "nav", aria_label="Parts of the list"),
            _live(parts, "read", "p", class_="quiet"),
        ),
        events=f"{base}events?part={part + 1}",
    )


def run_page(
    uuid: str, parts: Mapping[str, str], *, base: str, allow_actions: bool, is_reading: bool
) -> Html:
    """Return the page of a run.

    Args:
        uuid: the run's UUID.
        parts: its parts.
        base: the address of all pages.
        allow_actions: whether it may be changed.
        is_reading: whether its tasks are being read.
    """
    here = f"{base}runs/{uuid}"
    scan = STOP if is_reading else SCAN
    changes = (RESET, RESET_FAILED, DELETE) if allow_actions else ()
    return _document(
        parts[TITLE],
        base,
        element(
            "header",
            element("nav", element("a", "All runs", href=base), aria_label="Way back"),
            element("h1", "Run ", element("code", uuid)),
        ),
        element(
            "main",
            _notices(parts),
            element("h2", "Progress"),
            _live(parts, "progress"),
            element("h2", "Throughput"),
            _live(parts, "throughput"),
            element("h2", "Tasks"),
            _live(parts, "scan"),
            _links(here, (scan,)),
            _live(parts, "tasks"),
            element("h2", "Failed tasks"),
            _live(parts, "failures"),
            joined((element("h2", "Actions"), _links(here, changes))) if changes else Html(""),
            _live(parts, "read", "p", class_="quiet"),
        ),
        events=f"{here}/events",
    )


def _links(here: str, actions: tuple[Action, ...]) -> Html:
    links = (
        element("li", element("a", f"{action.title}…", href=f"{here}/{action.name}"))
        for action in actions
    )
    return element("ul", *links, class_="actions")


def confirm_page(
    uuid: str, action: Action, *, base: str, secret: Hidden[str], num_tasks: int | None
) -> Html:
    """Return the page that asks whether something is really to be done.

    Args:
        uuid: the run's UUID.
        action: what is to be done.
        base: the address of all pages.
        secret: the secret of this browser's forms.
        num_tasks: how many tasks the run has, if that is known.
    """
    tasks = "" if num_tasks is None else f" The run has {counted(num_tasks, 'task')}."
    cost = ""
    if action is SCAN:
        cost = " That is one request each, up to 8 at a time; the server is busy meanwhile."
    form = element(
        "form",
        element("input", type="hidden", name="secret", value=secret.reveal()),
        element("button", action.title, type="submit"),
        " ",
        element("a", "Cancel", href=f"{base}runs/{uuid}"),
        method="post",
        action=f"{base}runs/{uuid}/{action.name}",
    )
    return _document(
        f"{action.title}? - viewTF",
        base,
        element("header", element("h1", f"{action.title}?")),
        element(
            "main",
            element("p", "Run ", element("code", uuid)),
            element("p", f"{action.explanation}{tasks}{cost}"),
            form,
        ),
    )


def message_page(title: str, message: str, *, base: str, link: str = "", name: str = "") -> Html:
    """Return a page with one message, and a link if there is one.

    Args:
        title: its heading.
        message: what it says.
        base: the address of all pages, for its style; empty for a page without.
        link: an address to go on to.
        name: what the link is called.
    """
    onward = element("p", element("a", name, href=link)) if link else Html("")
    main = element("main", element("h1", title), element("p", message), onward)
    return _document(f"{title} - viewTF", base, main)


def entered_page(base: str, start: str) -> Html:
    """Return the page that leads a browser on which was let in.

    It is a page, and no redirect: a browser sends a cookie that is kept from other sites only along
    a link of this server's own.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="refresh", content=f"0; url={base}{start}"),
        element("title", "viewTF"),
        element("link", rel="icon", href=f"{base}icon.svg"),
    )
    body = element("body", element("main", element("a", "Go on", href=f"{base}{start}")))
    return Html(f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n")
