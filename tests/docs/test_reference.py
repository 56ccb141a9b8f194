"""The pages of the reference name what is public, and say what the code does."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import taskfarm_cli
import taskfarm_sdk
from docs.site import docstrings, openapi
from taskfarm_cli.common.exit_status import ExitStatus
from taskfarm_sdk._protocol import lease

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
API = REFERENCE / "api"
MODULES = ["charts", "compat", "errors", "execution.parts", "hidden", "logins", "server", "testing"]
CONTRACT = yaml.safe_load((REFERENCE.parents[1] / "openapi/taskfarm.yaml").read_text("utf-8"))


def test_each_public_name_is_in_the_reference() -> None:
    pages = "".join(page.read_text("utf-8") for page in API.glob("*.md"))
    named = set(re.findall(r"^\.\. (?:auto)?\w+:: (\w+)$", pages, flags=re.MULTILINE))
    assert set(taskfarm_sdk.__all__) <= named


@pytest.mark.parametrize("module", MODULES)
def test_each_public_module_has_a_page(module: str) -> None:
    page = (API / f"{module.partition('.')[0]}.md").read_text("utf-8")
    assert f".. automodule:: taskfarm_sdk.{module}\n" in page
    assert import_module(f"taskfarm_sdk.{module}").__all__


def test_the_page_of_files_tells_each_exit_status() -> None:
    page = (REFERENCE / "files-variables-statuses.md").read_text("utf-8")
    table = page[page.index("## Exit statuses") :]
    told = {
        int(status)
        for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
        for status in row.split(",")
    }
    assert {status for status in ExitStatus if status < 126} <= told


def test_the_page_of_files_tells_each_variable_of_the_package() -> None:
    # Wherever they are: the tests of the wheel have no sources beside them.
    packages = [Path(package.__path__[0]) for package in (taskfarm_cli, taskfarm_sdk)]
    read = {
        name
        for package in packages
        for path in package.rglob("*.py")
        for name in re.findall(r'"(TASKFARM_[A-Z_]*[A-Z])"', path.read_text("utf-8"))
    }
    page = (REFERENCE / "files-variables-statuses.md").read_text("utf-8")
    # The mark of a process of the package's own, and a wait that tests shorten.
    hidden = {"TASKFARM_GUARDIAN", "TASKFARM_KEEP_EVERY_S"}
    assert {name for name in read if f"`{name}`" not in page} == hidden


def test_the_example_of_the_lease_is_one() -> None:
    page = (REFERENCE / "lease.md").read_text("utf-8")
    (value,) = re.findall(r"So `([\d.]+)` is", page)
    found = lease.decode(float(value))
    assert found == lease.Lease(percent=37.5, attempts=2, beat=7, holder=4711)
    assert re.search(r"37\.50 02 07 4711 " + value[-2:], page)


def test_the_page_of_the_rest_api_has_each_operation_and_object() -> None:
    page = openapi.page_of(CONTRACT)
    for path, operations in CONTRACT["paths"].items():
        for method in set(operations) & set(openapi.METHODS):
            operation = operations[method]
            section = page.partition(f"### {operation['summary']}\n")[2].partition("\n### ")[0]
            assert f"{method.upper()} {path}\n" in section
            assert f"`{operation['operationId']}`" in section
            told = set(re.findall(r"^\| (\d{3}) \|", section, flags=re.MULTILINE))
            assert told == set(operation["responses"])
    for name in CONTRACT["components"]["schemas"]:
        assert f"\n### {name}\n" in page


def test_the_links_of_that_page_lead_to_its_headings() -> None:
    page = openapi.page_of(CONTRACT)
    headings = {heading.lower() for heading in re.findall(r"^#+ (\w+)$", page, flags=re.MULTILINE)}
    assert set(re.findall(r"\]\(#(\w+)\)", page)) <= headings


def test_a_docstring_in_markdown_becomes_restructuredtext() -> None:
    lines = ["Use `Farm` or `x[0]`:", "", "```python", "Farm()", "```", "", "Then `close()`."]
    assert docstrings.as_rst(lines, {"Farm": "a.Farm", "close": "a.Farm.close"}.get) == [
        *("Use :py:obj:`Farm <a.Farm>` or ``x[0]``:", "", ""),
        *(".. code-block:: python", "", "   Farm()", "", ""),
        "Then :py:obj:`close() <a.Farm.close>`.",
    ]


@pytest.mark.parametrize(
    ("name", "owner", "full"),
    [
        ("Farm", "taskfarm_sdk.Run.work", "taskfarm_sdk.Farm"),
        ("Run.work", "taskfarm_sdk.Farm.map", "taskfarm_sdk.Run.work"),
        ("worker", "taskfarm_sdk.Run.work", "taskfarm_sdk.Run.worker"),
        ("work", "taskfarm_sdk.Run.work", None),
        ("LocalServer", "taskfarm_sdk.Farm", None),
        (
            "taskfarm_sdk.testing.LocalServer",
            "taskfarm_sdk.Farm",
            "taskfarm_sdk.testing.LocalServer",
        ),
        ("timeout_s", "taskfarm_sdk.Farm", None),
        ("_over", "taskfarm_sdk.Farm.map", None),
    ],
)
def test_a_name_in_a_docstring_means_what_is_public(
    name: str, owner: str, full: str | None
) -> None:
    assert docstrings.public_target(name, owner) == full
