"""Every task of the project, by name: `nox -l` lists them.

The sessions that need the client and the tool share the environment of `tool`; what tests them shares that of `tests`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"

PROJECT = nox.project.load_toml("pyproject.toml")
# Where byte code is not kept, each of the many processes compiles what it imports anew: a third of the time.
ENV = {"PYTHONPATH": ".", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": ""}
DIST = Path("dist").absolute()
IMPACT = [0, 10, 20, 30]
"""The exit codes with which an impact is reported."""


def install(session: nox.Session, *groups: str) -> None:
    """Install the client with its command line, the tool, and the pinned tools of some groups."""
    session.install(*nox.project.dependency_groups(PROJECT, *groups), "-e", ".[cli,batch,mcp]", "-e", "./scripts")


def run(session: nox.Session, environment: str, *command: str, codes: list[int] | None = None) -> None:
    """Run a command in the environment of another session."""
    programs = Path(".nox", environment, "Scripts" if sys.platform == "win32" else "bin").absolute()
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    session.run(*command, env={**ENV, "PATH": path}, external=True, success_codes=codes or [0])


@nox.session(default=False)
def tool(session: nox.Session) -> None:
    """Install the client and the tool, for the sessions that share this environment."""
    install(session)


@nox.session(python=False, requires=["tool"], default=False)
def demo(session: nox.Session) -> None:
    """Regenerate, then submit, wait and download against the sandbox: no key, no network."""
    run(session, "tool", "rulewright", "regenerate")
    run(session, "tool", "python", "-m", "mountsea_gemini.demo", "demo-output", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole test suite, linters and type checkers included; what CI runs.

    Three workers for two processors: some tests wait for clocks and sockets.
    """
    install(session, "types", "test")
    session.run("ruff", "check", ".", env=ENV)
    session.run("ruff", "format", "--check", ".", env=ENV)
    session.run("pytest", "-n", "3", "--dist", "loadgroup", *session.posargs, env=ENV)


@nox.session(python=False, requires=["tool"], default=False)
def regenerate(session: nox.Session) -> None:
    """Write generated/ from openapi.yaml and the overlays."""
    run(session, "tool", "rulewright", "regenerate", *session.posargs)


@nox.session(python=False, requires=["tool"], default=False)
def drift(session: nox.Session) -> None:
    """Compare generated/ with what its inputs give; exit 1 and name the cause if they differ."""
    run(session, "tool", "rulewright", "regenerate", "--check", *session.posargs)


@nox.session(python=["3.11", "3.12", "3.13"], default=False)
def reproducible(session: nox.Session) -> None:
    """Regenerate under each Python and compare: the same inputs give the same bytes."""
    install(session, "test")
    session.run("pytest", "tests/regenerate/test_regenerate.py", "-k", "byte_for_byte", env=ENV)


@nox.session(python=False, requires=["tool"], default=False)
def import_page(session: nox.Session) -> None:
    """Write openapi.yaml from vendor pages: nox -s import_page -- [--impact] PAGE..."""
    run(session, "tool", "rulewright", "import", *session.posargs, codes=IMPACT)


@nox.session(python=False, requires=["tool"], default=False)
def impact(session: nox.Session) -> None:
    """Report what a change means for callers: nox -s impact -- OLD NEW, such as HEAD . or . page.md."""
    run(session, "tool", "rulewright", "impact", *session.posargs, codes=IMPACT)


@nox.session(default=False)
def vendor(session: nox.Session) -> None:
    """Keep a copy in another repository: nox -s vendor -- copy|verify|upgrade|affected DEST."""
    install(session, "types")
    session.run("rulewright", "vendor", *session.posargs, env=ENV)


@nox.session(default=False)
def contract(session: nox.Session) -> None:
    """Hold client, rules and sandbox to the document; -- --long --seeds 20 for the nightly depth."""
    install(session, "test")
    session.run("rulewright", "contract", *session.posargs, env=ENV)


@nox.session(default=False)
def httpx2(session: nox.Session) -> None:
    """Run the client's tests on httpx2, the successor of httpx: every import of httpx is one of httpx2."""
    install(session, "types", "test")
    options = ("-n", "3", "-W", "ignore::pytest.PytestAssertRewriteWarning")
    path = os.pathsep.join(["tests/httpx2", "."])
    session.run("pytest", *options, "tests/client", *session.posargs, env={**ENV, "PYTHONPATH": path})


@nox.session(default=False)
def oracle(session: nox.Session) -> None:
    """Read what the client writes with openapi-core, which knows the document only: all styles of parameters."""
    session.install(*nox.project.dependency_groups(PROJECT, "oracle"))
    session.run("pytest", "--noconftest", "tests/documents/oracle.py", *session.posargs, env=ENV)


@nox.session(default=False)
def upkeep(session: nox.Session) -> None:
    """Run the matrices of which the default run holds a part: every edit, every client, every hook (minutes)."""
    install(session, "types", "test", "hooks")
    session.run("pytest", "-m", "heavy", "--ignore", "tests/cli/test_cli_chaos.py", *session.posargs, env=ENV)


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Kill, stop and cut off workers on hundreds of tasks, on SQLite and PostgreSQL, and print what became of them."""
    install(session, "types", "test")
    session.run("pytest", "-m", "heavy", "-s", "tests/cli/test_cli_chaos.py", *session.posargs, env=ENV)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure everything in one run and write bench/RESULTS.md and its picture; -- --quick for minutes."""
    install(session, "test", "bench", "peers")
    session.run("python", "-m", "bench", *session.posargs, env=ENV)


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Run the matrix of faults: our clients, raw httpx and other vendors' clients, on loopback."""
    install(session, "peers")
    session.run("python", "-m", "bench.faults", *session.posargs, env=ENV)


@nox.session(default=False)
def advisories(session: nox.Session) -> None:
    """Ask whether a pinned tool or dependency has a known vulnerability (needs the network; CI does so daily).

    Strictly: what nobody can tell of fails too, so that an answer that never came is not taken for a good one.
    """
    install(session, "types", "test", "audit")
    pinned = Path(session.create_tmp()) / "pinned.txt"
    installed = session.run("python", "-m", "pip", "freeze", "--exclude-editable", silent=True)
    pinned.write_text(str(installed), encoding="utf-8")
    command = ("pip-audit", "--strict", "--no-deps", "--disable-pip", "--progress-spinner=off", "-r", str(pinned))
    session.run(*command, *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Build the documentation into build/docs, strictly and offline, and follow each page as a reader would."""
    install(session, "test", "docs")
    session.run("pytest", "-m", "", "tests/docs", env=ENV)
    session.run("mkdocs", "build", "--strict", *session.posargs, env={**ENV, "NO_MKDOCS_2_WARNING": "1"})


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build the wheel and the sdist of the client and of the tool into dist/."""
    session.install(*nox.project.dependency_groups(PROJECT, "release"))
    for folder in (".", "scripts"):
        with session.chdir(folder):
            session.run("python", "-m", "hatchling", "build", "-d", str(DIST))


@nox.session(default=False)
def names(session: nox.Session) -> None:
    """Compare public names with those of the last release, or of the revision given: nox -s names -- main."""
    session.install(*nox.project.dependency_groups(PROJECT, "release"))
    released = str(session.run("git", "tag", "--list", "v*", external=True, silent=True)).split()
    if not released and not session.posargs:
        session.skip("nothing is released yet; name a revision to compare with")
    against = ["--against", *session.posargs] if session.posargs else []
    for package, folder in (("mountsea_gemini", "generated"), ("rulewright.testing", "scripts")):
        session.run("griffe", "check", package, "--search", folder, *against)


@nox.session(default=False)
def newcomer(session: nox.Session) -> None:
    """Make a project of each document by the one command, and run its sessions (minutes)."""
    install(session, "test")
    session.run("python", "tests/new/newcomer.py", *session.posargs, env=ENV)


@nox.session(default=False)
def mutation(session: nox.Session) -> None:
    """Break the rule layer in small ways and see that a test notices each (an hour; `-- PART` runs one part)."""
    install(session, "test", "mutation")
    session.run("python", "tests/mutation/run.py", *session.posargs, env=ENV)
