"""The schemas of docs/reference/schemas describe all that the real programs write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from taskfarm_cli.manage.main import main as manage
from taskfarm_cli.manage.modes import MODES
from taskfarm_cli.work.command_line.parse import parse
from taskfarm_cli.work.commands.identity import Identity
from taskfarm_cli.work.main import main as work
from taskfarm_cli.work.sources.origin import document_of
from taskfarm_sdk import Farm
from taskfarm_sdk._run_notes import note_path, notes_folder
from taskfarm_sdk.logins import save_login
from taskfarm_sdk.testing import LocalServer

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return schema


def check(name: str, document: Mapping[str, Any]) -> None:
    """Check that a schema accepts a document, and describes each of its keys."""
    schema = schema_of(name)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(document)
    assert list(undescribed(schema, schema, document)) == []


def undescribed(root: Any, schema: Any, document: Any) -> Iterator[str]:
    """Yield the keys of a document, and of what is in it, that its schema does not name."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(document, list):
        for each in document:
            yield from undescribed(root, schema["items"], each)
    if not isinstance(document, dict):
        return
    known = dict(schema.get("properties", {}))
    for choice in schema.get("oneOf", ()):
        if is_one(root, choice, document):
            known |= choice["properties"]
    for key, value in document.items():
        if key in known:
            yield from undescribed(root, known[key], value)
        else:
            yield key


def is_one(root: Any, choice: Any, document: Any) -> bool:
    """Return whether a document is of a choice of its schema."""
    schema = {**choice, "$defs": root["$defs"]}
    return jsonschema.Draft202012Validator(schema).is_valid(document)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def square(number: int) -> int:
    return number**2


@pytest.fixture
def farm(
    taskfarm_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Farm]:
    """The farm of somebody who is logged in, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with taskfarm_server.farm() as farm:
        save_login(taskfarm_server.url, taskfarm_server.user, farm.login())
        yield farm


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_a_schema_is_one(path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_the_schema_of_manage_tf_knows_each_mode() -> None:
    known = {
        mode for one in schema_of("manageTF")["oneOf"] for mode in one["properties"]["mode"]["enum"]
    }
    assert known == {mode.name for mode in MODES}


@pytest.mark.parametrize("document", [{"taskfarm": 1, "mode": "no-such-mode"}, {"taskfarm": 2}])
def test_the_schema_refuses_what_manage_tf_does_not_print(document: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check("manageTF", document)


def test_a_key_that_the_schema_does_not_describe_is_found() -> None:
    task = {"number": 0, "state": "done", "percent_completed": 100.0, "attempts": 0, "odd": 1}
    schema = schema_of("manageTF")
    document = {"taskfarm": 1, "mode": "tasks", "task": task}
    assert list(undescribed(schema, schema, document)) == ["odd"]


def test_what_manage_tf_prints_fits(farm: Farm, capsys: pytest.CaptureFixture[str]) -> None:
    run = farm.create_run(3)
    with run.worker(max_attempts=1) as worker:
        for task in worker:
            if task.number == 1:
                task.fail("on purpose", final=True)
            else:
                task.complete()
    url = farm.url
    seen: list[dict[str, Any]] = []
    for words in (
        ["--create", "2"],
        ["--create", "2", "--name", "small"],
        ["--list"],
        ["--list", "--unfinished"],
        ["--history"],
        ["--info", run.uuid],
        ["--wait", run.uuid],
        ["--watch", run.uuid],
        ["--watch", "--timeout-s", "0.1", run.uuid, "small"],
        ["--tasks", run.uuid],
        ["--tasks", "--map", run.uuid],
        ["--report", "report.html", run.uuid],
        ["--reset-failed", run.uuid],
        ["--reset-task", "0", run.uuid],
        ["--reset", run.uuid],
        ["--reset-all", run.uuid],
        ["--delete", run.uuid],
        ["--whoami"],
        ["--logout", "-b", url],
    ):
        manage([*words, "--json"])
        printed = capsys.readouterr().out.splitlines()
        assert printed, words
        for line in printed:
            seen.append(json.loads(line))
            check("manageTF", seen[-1])
    # A sound run is not repaired, and a login asks for a password.
    assert {mode.name for mode in MODES} - {one["mode"] for one in seen} == {"repair", "login"}
    schema = schema_of("manageTF")
    unseen = [one for one in schema["oneOf"] if not any(is_one(schema, one, it) for it in seen)]
    assert [one["properties"]["mode"]["enum"] for one in unseen] == [["repair"]]


@pytest.mark.usefixtures("farm")
def test_what_work_tf_writes_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--log", "out", "--journal", "journal", "--max-attempts", "1", "--chunk", "2"]
    assert work(["--create", *words, ":::", "0", "0", "1", "--", "sh", "-c", "exit {}"]) == 5
    (manifest,) = tmp_path.glob("taskfarm-*.json")
    check("note", json.loads(manifest.read_text("utf-8")))
    check("kept", json.loads((tmp_path / "out/taskfarm.json").read_text("utf-8")))
    (index,) = (tmp_path / "out").glob("*.index")
    (journal,) = (tmp_path / "journal").glob("*.jsonl")
    assert {line["item"]: line["exit"] for line in lines_of(index)} == {0: 0, 1: 0, 2: 1}
    assert {line["outcome"] for line in lines_of(journal)} == {"completed", "failed for good"}
    for line in lines_of(index):
        check("log-index", line)
    for line in lines_of(journal):
        check("journal", line)
    capsys.readouterr()
    manage(["--info", json.loads(manifest.read_text("utf-8"))["run"], "--json"])
    told = json.loads(capsys.readouterr().out)
    check("manageTF", told)
    assert told["items"]["total"] == 3
    manage(["--tasks", "--map", "--results", "out", told["run"]["uuid"], "--json"])
    of_items = json.loads(capsys.readouterr().out)
    check("manageTF", of_items)
    assert [cell["failed"] for cell in of_items["cells"]] == [0, 0, 1]


@pytest.mark.parametrize(
    "words",
    [
        ["--inputs", "files", "--null"],
        ["--csv", "files"],
        ["--grid", "x=1:3:3"],
        ["--glob", "f*"],
        [":::", "a", "b", ":::", "c"],
    ],
    ids=lambda words: words[0],
)
def test_where_inputs_are_from_fits(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").touch()
    inputs = document_of(parse(["--create", *words, "--", "true"]).asked)
    assert inputs is not None
    check("kept", json.loads(Identity("", "0" * 32, 1, 1, inputs=inputs).to_json()))


@pytest.mark.parametrize("words", [[], ["--name", "small"]], ids=["unnamed", "named"])
@pytest.mark.usefixtures("farm")
def test_what_manage_tf_notes_fits(words: list[str]) -> None:
    manage(["--create", "2", *words])
    (note,) = notes_folder().glob("*.json")
    check("note", json.loads(note.read_text("utf-8")))


def test_what_map_writes_fits(farm: Farm, tmp_path: Path) -> None:
    run = farm.prepare(square, range(10), folder="squares", chunk=5)
    check("order", json.loads((tmp_path / "squares/order.json").read_text("utf-8")))
    check("note", json.loads(note_path(run.uuid).read_text("utf-8")))
