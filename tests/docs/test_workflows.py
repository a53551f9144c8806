"""The workflows for GitHub: what a machine without a runner can say of them."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.docs.pages import ROOT, text
from tests.kit.waiting import DEADLINE_S

FOLDER = ROOT / ".github/workflows"
# PyYAML reads the key `on` as true, as YAML 1.1 does.
WORKFLOWS = {file.stem: yaml.safe_load(file.read_text()) for file in sorted(FOLDER.glob("*.yml"))}
JOBS = {f"{name}-{job}": each for name, workflow in WORKFLOWS.items() for job, each in workflow["jobs"].items()}
STEPS = [step for job in JOBS.values() for step in job["steps"]]
RUNS = "\n".join(step["run"] for step in STEPS if "run" in step)
TARGETS = set(re.findall(r"^([a-z-]+)(?: [a-z-]+)*:", text("Makefile"), re.MULTILINE))
YAMLLINT = shutil.which("yamllint", path="/usr/bin")
RULES = "{extends: default, rules: {line-length: {max: 120}, document-start: disable, truthy: {check-keys: false}}}"


def words(command):
    """What is given to each call of a command, settings left out."""
    return {
        word
        for line in re.findall(rf"^(?:sudo )?{re.escape(command)} ([^\n|&]*)", RUNS, re.MULTILINE)
        for word in line.split()
        if re.fullmatch("[a-z-]+", word)
    }


@pytest.mark.skipif(YAMLLINT is None, reason="needs the Debian package yamllint")
def test_the_workflows_have_no_findings():
    """
    GitHub says what is wrong only after a push.
    """
    done = subprocess.run(
        [str(YAMLLINT), "-s", "-d", RULES, FOLDER], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (0, "") == (done.returncode, done.stdout)


def test_each_target_is_one_of_the_makefile():
    """
    All that a workflow does, a person can do.
    """
    assert {"ci", "check", "test", "coverage", "interop", "docs", "smoke", "bench-compare", "audit", "sbom"} <= words(
        "make"
    )
    assert set() == words("make") - TARGETS
    programs = {line.split()[2] for line in text(".ci/programs").splitlines() if line and not line.startswith("#")}
    assert set() == words(".ci/install") - programs


def test_each_python_and_each_debian_that_is_promised_is_tried():
    """
    The metadata of the package promises versions; the next one is tried before it is among them.
    """
    promised = re.findall(r"Python :: (3\.\d+)", text("setup.py"))
    assert promised
    assert set() == {*promised, "3.14"} - set(JOBS["ci-python"]["strategy"]["matrix"]["python"])
    assert ["12", "13"] == JOBS["ci-debian"]["strategy"]["matrix"]["debian"]


def test_a_workflow_may_read_and_no_more():
    """
    A job that needs more says so itself; only those of a release do.
    """
    assert {"contents: read"} == {yaml.safe_dump(each["permissions"]).strip() for each in WORKFLOWS.values()}
    assert {"release-build", "release-publish"} == {name for name, job in JOBS.items() if "permissions" in job}


def test_each_action_has_a_version():
    """
    A branch such as main would change under our feet. These major versions are kept up by their makers.
    """
    used = {step["uses"] for step in STEPS if "uses" in step}
    assert [] == [each for each in used if not re.fullmatch(r"(actions|pypa)/[a-z-]+@(release/)?v\d+", each)]


def test_nothing_that_others_write_becomes_a_command():
    """
    The title of a request, put into a command by ${{ }}, would be run.
    """
    assert set() == {name for name in re.findall(r"\$\{\{ *([^} ]+)", RUNS) if not name.startswith("matrix.")}


def test_what_is_published_was_built_tried_and_attested_before():
    """
    In this order: a failure on the way publishes nothing.
    """
    build, publish = JOBS["release-build"], JOBS["release-publish"]
    steps = [each.get("uses", each.get("run", "")) for each in build["steps"]]
    places = [
        next(n for n, step in enumerate(steps) if part in step)
        for part in ("make check", "make deb", "attest", "upload")
    ]
    assert places == sorted(places)
    assert ("build", False) == (publish["needs"], any("make" in each.get("run", "") for each in publish["steps"]))
