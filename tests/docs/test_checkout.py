"""What a checkout offers people who develop: doctor, editor, container, hooks before a commit, and `make help`."""

import json
import re
import subprocess

import pytest
import yaml

from tests import doctor
from tests.docs.pages import ROOT, text
from tests.kit.waiting import DEADLINE_S

MAKEFILE = text("Makefile")
TARGETS = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", MAKEFILE, re.MULTILINE))
PROGRAMS = [line.split() for line in text(".ci/programs").splitlines() if line and not line.startswith("#")]


def settings(file):
    """One file of JSON."""
    return json.loads(text(file))


def test_each_program_is_named_once_for_a_target_that_is_there():
    """
    `.ci/install` and the doctor read these lines.
    """
    assert {3} == {len(each) for each in PROGRAMS}
    assert set() == {target for _, _, target in PROGRAMS} - TARGETS
    assert len(PROGRAMS) == len({program for program, _, _ in PROGRAMS})


def test_the_doctor_names_the_package_of_a_missing_program(tmp_path):
    """
    And says no more of a target that has all of its own.
    """
    file = tmp_path / "programs"
    file.write_text("# comment\n\nsh dash test\nno-such-program some-package test\n/etc/passwd base-passwd deb\n")
    assert [
        (False, False, "make test lacks something: apt install some-package"),
        (True, False, "make deb: all programs are there"),
    ] == list(doctor.programs(file))


def test_the_doctor_tells_what_makes_the_environment(tmp_path):
    """
    A newcomer has none, and after a pull it may be old.
    """
    assert [(False, True, "no .venv: make setup")] == list(doctor.environment(tmp_path))
    (tmp_path / ".venv").mkdir()
    for name in (".venv/ready", "setup.py", "pyproject.toml"):
        (tmp_path / name).touch()
    (tmp_path / ".venv/ready").touch()
    assert [(False, True, ".venv: its Python does not start: rm -r .venv, then make setup")] == [
        each for each in doctor.environment(tmp_path) if "older" not in each[2]
    ]


def test_an_unknown_target_installs_nothing():
    """
    A misspelt one must not install everything.
    """
    done = subprocess.run(
        [ROOT / ".ci/install", "no-such-target"], capture_output=True, timeout=DEADLINE_S, check=False
    )
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_the_editor_and_the_container_know_the_same_extensions():
    """
    And both the environment that `make setup` makes.
    """
    container = settings(".devcontainer/devcontainer.json")
    assert settings(".vscode/extensions.json")["recommendations"] == container["customizations"]["vscode"]["extensions"]
    editor = settings(".vscode/settings.json")
    paths = [editor["python.defaultInterpreterPath"], *editor["ruff.path"], *editor["mypy-type-checker.path"]]
    assert {"${workspaceFolder}/.venv/bin"} == {path.rpartition("/")[0] for path in paths}


@pytest.mark.parametrize("file", [".devcontainer/devcontainer.json", ".vscode/tasks.json", "CONTRIBUTING.md"])
def test_each_make_target_that_is_named_is_there(file):
    """
    A target that was renamed is found here.
    """
    named = set(re.findall(r"\bmake ([a-z-]+)\b(?= |\"|`|$)", text(file), re.MULTILINE))
    assert set() == {each for each in named if f"make {each}" in re.sub(r"(?m)^[^`\"$]*$", "", text(file))} - TARGETS


def test_the_hooks_before_a_commit_need_no_network():
    """
    Each is local, and runs a program of .venv.
    """
    repositories = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"]
    assert ["local"] == [each["repo"] for each in repositories]
    hooks = [hook for each in repositories for hook in each["hooks"]]
    assert {"system"} == {hook["language"] for hook in hooks}
    assert {".venv/bin"} == {hook["entry"].split()[0].rpartition("/")[0] for hook in hooks}


def test_help_shows_each_target_in_a_group():
    """
    A target without a word is one that nobody finds; some only add to another one.
    """
    shown = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
    assert set() == TARGETS - shown - {"var", "dist"} - set(
        re.findall(r"^([a-z-]+)(?: [a-z-]+)*: export", MAKEFILE, re.MULTILINE)
    )
    assert MAKEFILE.index("##@ ") < MAKEFILE.index("help: ## ")
