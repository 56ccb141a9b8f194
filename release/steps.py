"""The steps of `make release`: each returns what keeps the release from being made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from release import api, breaks, builds, changelog, citation, installed, licences

ROOT = installed.ROOT


class Folders(NamedTuple):
    """Where a release is made.

    Attributes:
        dist: what is uploaded.
        scratch: an empty folder for all else.
    """

    dist: Path
    scratch: Path


class Step(NamedTuple):
    """One step.

    Attributes:
        title: what it does, for the line that announces it.
        do: does it; returns the problems, as sentences.
    """

    title: str
    do: Callable[[Folders], list[str]]


def version() -> str:
    """Return the version of the sources."""
    from taskfarm_sdk import __version__

    return __version__


def tree(_: Folders) -> list[str]:
    """Check that all is committed, and that the version has no tag yet."""
    problems = []
    if _git("status", "--porcelain"):
        problems.append("the working tree has changes: commit them, or stash them")
    if _git("tag", "--list", f"v{version()}"):
        problems.append(f"the tag v{version()} exists: raise VERSION in taskfarm_sdk/_version.py")
    return problems


def texts(_: Folders) -> list[str]:
    """Check that changelog, citation and version agree."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    section = changelog.section_of(text, version())
    date = None if section is None else section.date
    return [
        *changelog.notes_missing(text, version()),
        *citation.problems(ROOT / "CITATION.cff", version(), date),
    ]


def public_api(_: Folders) -> list[str]:
    """Check that `api/` is the sources', and tell what changed since the last release's tag."""
    now = api.public_api(version())
    problems = []
    if api.read(ROOT / "api") != now:
        problems.append("api/ is not the API of the sources: run `make api`, and commit it")
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", check=False)
    before = changelog.release_before(text, version())
    if before is not None and tag not in (f"v{before}", f"v{version()}"):
        # A clone without tags would be compared with nothing, or with an older release.
        problems.append(
            f"CHANGELOG.md lists {before}, but the last tag here is {tag or 'none'}: run "
            "`git fetch --tags`, in a shallow clone with `--unshallow`"
        )
    if not tag:
        print("no release has a tag yet: there is no API to compare with")
        return problems
    names = _git("ls-tree", "--name-only", tag, "api/").splitlines()
    old = {Path(name).name: _git("show", f"{tag}:{name}") + "\n" for name in names}
    found = breaks.find_breaks(old, now)
    print(f"breaks since {tag}: {len(found)}", *found, sep="\n  ")
    entries = changelog.entries_since(text, tag.removeprefix("v"))
    problems += [f"CHANGELOG.md does not name: {each}" for each in breaks.unnamed(found, entries)]
    lowest = breaks.asks_for(tag.removeprefix("v"), found)
    if _parts(version()) < _parts(lowest):
        problems.append(f"after {tag} the next version with these changes is {lowest} or later")
    return problems


def dependencies(_: Folders) -> list[str]:
    """Check with deptry that each import has its dependency, and each dependency an import."""
    return _problem_unless("deptry", ".", problem="deptry found faults in the dependencies")


def build_twice(folders: Folders) -> list[str]:
    """Build both files, build them again from one of them elsewhere, and compare."""
    made = builds.build(ROOT, folders.dist)
    source = next(path for path in made if path.suffix == ".gz")
    again = builds.build_again(source, folders.scratch / "again")
    differing = [
        line
        for one, other in zip(made, again, strict=True)
        for line in builds.differences(one, other)
    ]
    if not differing:
        print("built twice, with the same bytes")
    return [f"the second build differs in {line}" for line in differing]


def metadata(folders: Folders) -> list[str]:
    """Check with twine that an index would take both files and show the README."""
    files = [str(path) for path in _built(folders)]
    return _problem_unless(
        "twine", "check", "--strict", *files, problem="twine found faults in the metadata"
    )


def bill_of_materials(folders: Folders) -> list[str]:
    """Write the SBOM of the wheel with all its extras, and check the page of licences."""
    wheel = next(path for path in _built(folders) if path.suffix == ".whl")
    home = folders.scratch / "sbom"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    _run(
        str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "-c", str(ROOT / "constraints.txt"), f"{wheel}[{installed.EXTRAS}]",
    )  # fmt: skip
    # What pip itself needs is none of the package's.
    _run(str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools", "pip")
    sbom = folders.dist / f"taskfarm_sdk-{version()}.cdx.json"
    _run(
        _tool("cyclonedx-py"), "environment", "--output-reproducible", "--of", "JSON",
        "-o", str(sbom), str(python),
    )  # fmt: skip
    sbom.write_text(without_paths(sbom.read_text(encoding="utf-8")), encoding="utf-8")
    page = ROOT / "docs" / "reference" / "licences.md"
    if page.read_text(encoding="utf-8") != licences.page():
        return ["docs/reference/licences.md is not of what is installed: run `make licences`"]
    return []


def without_paths(sbom: str) -> str:
    """Return an SBOM without references to files of the machine that it was made on."""
    document = json.loads(sbom)
    for component in document["components"]:
        references = component.get("externalReferences", [])
        kept = [each for each in references if not each["url"].startswith("file:")]
        component.pop("externalReferences", None)
        if kept:
            component["externalReferences"] = kept
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def tests(folders: Folders) -> list[str]:
    """Run the tests that start no server against the wheel, with three sets of dependencies."""
    wheel = next(path for path in _built(folders) if path.suffix == ".whl")
    sets: tuple[installed.Versions, ...] = ("pinned", "lowest", "newest")
    problems = []
    for versions in sets:
        scratch = folders.scratch / versions
        scratch.mkdir()
        words = ["-q", "-m", installed.FAST, "--numprocesses", "3"]
        if installed.check_wheel(wheel, scratch, versions=versions, words=words):
            problems.append(f"tests fail on the wheel with the {versions} versions")
    return problems


STEPS = (
    Step("a clean tree and a new version", tree),
    Step("changelog and citation", texts),
    Step("the public API", public_api),
    Step("the dependencies", dependencies),
    Step("two builds", build_twice),
    Step("the metadata", metadata),
    Step("SBOM and licences", bill_of_materials),
    Step("the tests on the wheel", tests),
)


def last_words(folders: Folders) -> str:
    """Return what is left to do by hand."""
    files = "\n".join(
        f"  {builds.digest(path)}  {path.relative_to(ROOT)}"
        for path in sorted(folders.dist.iterdir())
    )
    uploaded = " ".join(str(path.relative_to(ROOT)) for path in _built(folders))
    return (
        f"taskfarm-sdk {version()} is ready. Its files, with their SHA-256:\n{files}\n"
        "What is left to do by hand, after `.ci/full`:\n"
        f"  git tag --annotate v{version()} --message 'taskfarm-sdk {version()}'\n"
        f"  git push origin v{version()}\n"
        "and, if it is to be on an index, which then shows it for good:\n"
        f"  twine upload {uploaded}"
    )


def _built(folders: Folders) -> list[Path]:
    return sorted(path for path in folders.dist.iterdir() if path.suffix in (".whl", ".gz"))


def _parts(text: str) -> list[int]:
    return [int(part) for part in text.split(".")[:3]]


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _problem_unless(name: str, *words: str, problem: str) -> list[str]:
    done = subprocess.run([_tool(name), *words], cwd=ROOT, check=False)
    return [problem] if done.returncode else []


def _git(*words: str, check: bool = True) -> str:
    # A hook that runs this names another repository in these.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode and check:
        raise RuntimeError(f"git {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else ""
