"""Settings of the site that `make docs` builds from this folder."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import taskfarm_sdk  # noqa: E402
from docs.site import accessible, docstrings, openapi, signatures  # noqa: E402

project = "taskfarm-sdk"
author = "the authors of taskfarm-sdk"
release = version = taskfarm_sdk.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["site", "benchmarks"]
root_doc = "index"

# References to headings are as on GitHub, where the pages can be read too.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_type_aliases = {"TaskState": "taskfarm_sdk.TaskState"}
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# Every name must lead somewhere but those of Python and of libraries, whose pages are elsewhere.
nitpicky = True
_ELSEWHERE = (
    r"(collections|concurrent|contextlib|datetime|enum|os|pathlib|types|typing|subprocess|socket|"
    r"io|logging|pandas|polars|httpx|requests|uuid|attr|attrs|builtins)(\..*)?"
)
_BUILT_IN = "|".join(dir(builtins))
# Type variables, and what modules import for type checkers alone.
_OWN = r"(.*\.)?(T|T_co|Executor)"
nitpick_ignore_regex = [("py:.*", _ELSEWHERE), ("py:.*", f"({_BUILT_IN})"), ("py:.*", _OWN)]

html_theme = "furo"
html_title = f"taskfarm-sdk {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"top_of_page_buttons": []}

_COMMENT = re.compile(r"^<!--.*?-->\n", re.DOTALL | re.MULTILINE)
# Documents beside this folder are files to Sphinx, not pages.
_BESIDE = re.compile(
    r"\[([^\]]+)\]\(((?:\.\./)+(?:CONTRIBUTING|README|SECURITY|deploy/README)\.md)\)"
)
_PLACE_OF_REST = "<!-- all other pages of this folder -->\n"
_PLACE_OF_API = "<!-- operations of openapi/taskfarm.yaml -->\n"


def read_source(_app: object, page: str, source: list[str]) -> None:
    """Complete a page by what is written elsewhere, and leave out comments for the tests."""
    rest = _rest_of((ROOT / "docs" / page).parent, source[0])
    source[0] = source[0].replace(_PLACE_OF_REST, rest)
    if page == "reference/http-api":
        import yaml

        contract = yaml.safe_load((ROOT / "openapi" / "taskfarm.yaml").read_text(encoding="utf-8"))
        source[0] = source[0].replace(_PLACE_OF_API, openapi.page_of(contract))
    source[0] = _COMMENT.sub("", _BESIDE.sub(r"{download}`\1 <\2>`", source[0]))


def _rest_of(folder: Path, index: str) -> str:
    """Return a table of contents of a folder's pages that its index does not name."""
    named = {"index", *index.split()}
    rest = sorted(page.stem for page in folder.glob("*.md") if page.stem not in named)
    lines = ["## More", "", "```{toctree}", ":maxdepth: 1", "", *rest, "```", ""]
    return "\n".join(lines) if rest else ""


def read_docstring(
    _app: object, kind: str, name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Turn a docstring from Markdown into reStructuredText, before napoleon reads its sections."""
    lines[:] = docstrings.as_rst(lines, lambda text: docstrings.public_target(text, name))
    if kind == "property" and ": " in lines[0]:
        # Napoleon would take what is before the colon for the property's type.
        before, after = lines[0].split(": ", 1)
        lines[:1] = [f"{before}:", after]


def finish_docstring(
    _app: object, _kind: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Change what napoleon made of a docstring's sections."""
    lines[:] = docstrings.with_bare_type_variables(lines)


def read_signature(_app: object, call: Any, _bound: bool) -> None:
    """Give a function defaults that can be written, before its signature is read."""
    if inspect.isfunction(call):
        call.__signature__ = signatures.signature_of(call)  # type: ignore[attr-defined]


def finish_signature(
    _app: object,
    kind: str,
    _name: str,
    thing: object,
    _options: object,
    arguments: str | None,
    returned: str,
) -> tuple[str | None, str]:
    """Leave out what a class is made from, where the package alone makes it."""
    if kind == "class" and signatures.is_made_inside(thing):
        return "", ""
    return arguments and signatures.with_plain_aliases(arguments), returned


def find_public(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Find a class by the name under which the package exports it, wherever it is defined."""
    name = str(node.get("reftarget", "")).rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in taskfarm_sdk.__all__:
        return None
    return env.get_domain("py").resolve_xref(
        env, node["refdoc"], app.builder, "obj", f"taskfarm_sdk.{name}", node, content
    )


def improve_pages(app: Any, error: Exception | None) -> None:
    """Change the built pages where Sphinx and its theme leave people out."""
    if error is None:
        accessible.improve_all(Path(app.outdir))


def setup(app: Any) -> None:
    """Connect the functions above with Sphinx."""
    app.connect("source-read", read_source)
    app.connect("autodoc-process-docstring", read_docstring, priority=100)
    app.connect("autodoc-process-docstring", finish_docstring, priority=900)
    app.connect("autodoc-before-process-signature", read_signature)
    app.connect("autodoc-process-signature", finish_signature)
    app.connect("missing-reference", find_public)
    app.connect("build-finished", improve_pages)
