"""The files of docs/examples other than modules and the cookbook: each is what its program takes."""

import json
import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import jinja2
import pytest
import yaml
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from tests.docs.cookbook import make_small, rows_of
from tests.docs.pages import ROOT, text
from tests.docs.placed import here, make_files
from tests.kit.waiting import DEADLINE_S

EXAMPLES = ROOT / "docs/examples"
ROLE = EXAMPLES / "ansible/roles/empath"
ANALYZE = shutil.which("systemd-analyze")
YAMLLINT = shutil.which("yamllint", path="/usr/bin")
FILES = sorted(each for each in EXAMPLES.rglob("*") if each.is_file() and each.suffix != ".pyc")
RULES = "{extends: default, rules: {line-length: {max: 120}, document-start: disable}}"


def rendered():
    """The configuration that the role writes for the host of site.yml."""
    defaults, [play] = (
        yaml.safe_load(each.read_text()) for each in (ROLE / "defaults/main.yml", EXAMPLES / "ansible/site.yml")
    )
    # As the module `template` of Ansible sets them.
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True, autoescape=False)
    environment.filters["to_json"] = json.dumps
    template = environment.from_string((ROLE / "templates/empath.toml.j2").read_text())
    return template.render(defaults | play["roles"][0]["vars"], ansible_managed="Ansible managed")


def checked(configuration):
    """What `check` says of a configuration for a host."""
    with tempfile.TemporaryDirectory(prefix="example-") as root, ExitStack() as stack:
        file = Path(root) / "empath.toml"
        file.write_text(here(configuration, Path(root)))
        make_files(file.read_text(), Path(root), stack)
        with CliRunner(env={"EMPATH_CONFIG": None}).isolation() as (_, err, _):
            code = common.run(empathd, "empathd", ["-c", str(file), "check"])
            return code, err.getvalue().decode().partition(": ")[2].replace(str(file), "empath.toml")


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_each_configuration_has_no_findings(file):
    """
    A person copies it and expects it to be right.
    """
    assert (0, "empath.toml: no findings\n") == checked(file.read_text())


def test_the_role_writes_a_configuration_without_findings():
    """
    With the variables of the example and the defaults of all others.
    """
    assert (0, "empath.toml: no findings\n") == checked(rendered())


def test_the_role_has_a_use_for_each_variable():
    """
    A default that no task reads would be set in vain.
    """
    used = "".join(each.read_text() for each in ROLE.rglob("*") if each.is_file() and each.parent.name != "defaults")
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    assert [] == [name for name in defaults if not re.search(rf"\b{name}\b", used)]


def test_each_handler_is_notified_by_its_name():
    """
    Ansible finds out only at the end of a run.
    """
    handlers = {each["name"] for each in yaml.safe_load((ROLE / "handlers/main.yml").read_text())}
    tasks = yaml.safe_load((ROLE / "tasks/main.yml").read_text())
    assert handlers == {each["notify"] for each in tasks if "notify" in each}


@pytest.mark.skipif(YAMLLINT is None, reason="needs the Debian package yamllint")
def test_the_files_in_yaml_have_no_findings():
    """
    One run for all of them.
    """
    done = subprocess.run(
        [str(YAMLLINT), "-s", "-d", RULES, EXAMPLES], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (0, "") == (done.returncode, done.stdout)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze")
def test_systemd_knows_every_key_of_the_drop_ins(tmp_path):
    """
    systemd ignores an unknown key, and the limit would be missing. All drop-ins go with each other.
    """
    unit = tmp_path / "empath.service"
    unit.write_text((ROOT / "conf/systemd/empath.service").read_text().replace("/opt/empath/bin/empathd", "/bin/true"))
    drop_ins = tmp_path / "empath.service.d"
    shutil.copytree(EXAMPLES / "systemd", drop_ins)
    command = [str(ANALYZE), "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert [] == [line for line in done.stderr.splitlines() if "empath.service" in line and "unbound" not in line]


def test_litestream_copies_the_queue_of_a_host():
    """
    Another file would be copied without a word.
    """
    [database] = yaml.safe_load((EXAMPLES / "litestream.yml").read_text())["dbs"]
    assert f'path = "{database["path"]}"' in text("conf/host.toml")


def test_each_query_of_datasette_has_an_answer(tmp_path):
    """
    Its form asks for each `:name`.
    """
    make_small(tmp_path / "queue.db")
    queries = yaml.safe_load((EXAMPLES / "datasette.yml").read_text())["databases"]["queue"]["queries"]
    for query in queries.values():
        assert len(rows_of(tmp_path / "queue.db", query["sql"].replace(":id", "'01JD3KQ9XWV5N8T2RZC4E6MB01'"))) > 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXAMPLES)))
def test_the_page_names_each_example(file):
    """
    By itself, or by its folder.
    """
    named = re.findall(r"\]\(([^)]+)\)", text("docs/examples/README.md"))
    folders = [EXAMPLES / each.partition("/")[0] for each in named if "/" in each and not each.startswith(".")]
    assert (
        file.name == "README.md"
        or EXAMPLES / file.relative_to(EXAMPLES) in [EXAMPLES / each for each in named]
        or any(file.is_relative_to(folder) for folder in folders)
    )
