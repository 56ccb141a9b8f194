"""What the check of the Python API's pages finds."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from docs.site.api_pages import faults, inventory, main, public_names, read

NAME = (
    '<span class="sig-prename descclassname">taskfarm_sdk.</span><span class="sig-name">Farm</span>'
)
LINKED = '<a class="reference internal" href="#r"><span class="pre">Run</span></a>'
DEFAULT = '<span class="default_value"><span class="pre">%s</span></span>'


def signature(rest: str) -> str:
    return f'<dt class="sig sig-object py" id="taskfarm_sdk.Farm">{NAME}{rest}</dt>'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (api := tmp_path / "reference" / "api").mkdir(parents=True)
    (api / "farm.html").write_text(signature(f"(run: {LINKED}) → Any"))
    listed = zlib.compress(b"a.Farm py:class 1 farm.html#$ -\nindex std:doc -1 index.html Index\n")
    (tmp_path / "objects.inv").write_bytes(b"# a\n# b\n# c\n# d\n" + listed)
    return tmp_path


def test_a_sound_page_has_no_faults(site: Path) -> None:
    assert list(faults(site, ["a.Farm"])) == []


def test_a_public_name_without_an_entry_is_found(site: Path) -> None:
    (found,) = faults(site, ["a.Farm", "a.index", "a.Farm"])
    assert found.startswith("a.index is public and has no entry")


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        ("(run: Run)", "names Run, which leads nowhere"),
        ("(run: Sequence[Run])", "names Run, which leads nowhere"),
        ("(run: taskfarm_sdk.run.Run)", "names taskfarm_sdk.run.Run, which leads nowhere"),
        (f"(x={DEFAULT % '&lt;factory&gt;'})", "has '<', which nobody can write"),
        (f"(x={DEFAULT % '&lt;lambda&gt;'})", "has '<', which nobody can write"),
        (f"(x={DEFAULT % 'NOTHING'})", "has 'NOTHING', which nobody can write"),
        ("(x: ~typing.Any)", "has '~', which nobody can write"),
        (f"(x={DEFAULT % '_USUAL'})", "shows _USUAL, which is private"),
        ("(_link: int)", "shows _link, which is private"),
    ],
)
def test_a_signature_that_tells_nothing_is_found(site: Path, shown: str, fault: str) -> None:
    (site / "reference" / "api" / "farm.html").write_text(signature(shown))
    (found,) = faults(site, ["a.Farm"])
    assert found.startswith("reference/api/farm.html: the signature 'taskfarm_sdk.Farm(")
    assert fault in found


@pytest.mark.parametrize(
    "shown",
    [
        f"(x: T | Callable[[], T_co] = {DEFAULT % 'Run'})",
        '(x: <span class="s"><span class="pre">Run</span></span>)',
        '()<a class="headerlink" href="#Run">Run</a>',
        "(numTasks: int, *, os_error: OSError) → PathLike[str]",
    ],
)
def test_a_name_that_is_no_own_type_is_none(site: Path, shown: str) -> None:
    (site / "reference" / "api" / "farm.html").write_text(signature(shown))
    assert list(faults(site, ["a.Farm"])) == []


@pytest.mark.parametrize(("text", "number"), [("_models.RunStatus", 1), ("__version__", 0)])
def test_a_private_module_in_the_text_is_found(site: Path, text: str, number: int) -> None:
    (site / "reference" / "api" / "farm.html").write_text(f"<p>of <b>taskfarm_sdk.</b>{text}</p>")
    assert len(list(faults(site, ["a.Farm"]))) == number


def test_two_signatures_in_each_other_are_apart() -> None:
    page = f'{signature("()")}<dd><dl>{signature("(run: Run)")}</dl></dd><dt class="x">T</dt>'
    first, second = read(page)[0]
    assert (first.text, first.unlinked) == ("taskfarm_sdk.Farm()", ())
    assert second.unlinked == ("Run",)


def test_only_names_of_python_count() -> None:
    listed = zlib.compress(b"a.B py:class 1 x -\nsearch std:label -1 search.html Search Page\n")
    assert inventory(b"1\n2\n3\n4\n" + listed) == {"a.B"}


def test_all_public_modules_are_looked_at() -> None:
    names = set(public_names())
    assert {
        "taskfarm_sdk.Farm",
        "taskfarm_sdk.execution.parts.Outcome",
        "taskfarm_sdk.hidden.MASK",
    } < names
    assert not any("._" in name for name in names - {"taskfarm_sdk.__version__"})


def test_each_fault_is_a_line(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(site) == 1
    told = capsys.readouterr()
    assert "taskfarm_sdk.Farm is public and has no entry" in told.err
    assert f"{len(told.err.splitlines())} faults" in told.out
