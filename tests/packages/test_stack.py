"""
The stack of conf/compose, as far as a machine without containers can check it: the files name each other, and what
programs of Empath and Prometheus say of theirs.
"""

import re
import runpy
import shutil
import subprocess
from email.utils import parseaddr
from itertools import islice
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner

from empath.cli import common
from empath.cli.empathd import empathd
from empath.config.hosts import endpoints
from empath.config.load import load_config
from empath.mail.domain import Domain
from empath.policy.router import SentBy
from tests.docs.pages import ROOT, text
from tests.kit.waiting import DEADLINE_S

yaml = pytest.importorskip("yaml", reason="no PyYAML")

FOLDER = ROOT / "conf/compose"
STACK = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = STACK["services"]
SERVERS = ("empath", "world")
GENERATOR = runpy.run_path(str(FOLDER / "generator.py"))


def loaded(name):
    """A file of the folder."""
    return yaml.safe_load((FOLDER / name).read_text())


def mounts(service):
    """Source, target and mode of each volume of a service."""
    return [[*each.split(":"), "rw"][:3] for each in SERVICES[service].get("volumes", ())]


def config_of(server):
    """The configuration that a server of the stack loads."""
    return load_config(FOLDER / f"{server}.toml")


def knows(name, port):
    """Whether the stack's network has a server of this name, and it listens on this port as far as its file says."""
    server = next((each for each in SERVERS if name == SERVICES[each]["hostname"]), None)
    if server is None:
        return name in SERVICES
    config = config_of(server)
    return port in {each.port for each in (*endpoints(config), config.http.endpoint) if each is not None}


def test_the_services_find_what_they_name():
    """
    A mount without a file becomes an empty folder, and a name without a service is only seen when it is asked for.
    """
    for name, service in SERVICES.items():
        assert set(service.get("depends_on", ())) <= SERVICES.keys(), name
        for source, target, mode in mounts(name):
            assert PurePosixPath(target).is_absolute()
            if source.startswith("."):
                assert ((FOLDER / source).is_file(), mode) == (True, "ro"), source
            else:
                assert source in STACK["volumes"], source
    used = {source for name in SERVICES for source, *_ in mounts(name)}
    assert set(STACK["volumes"]) == {each for each in used if not each.startswith(".")}
    own = {each.name for each in FOLDER.iterdir() if each.is_file()}
    assert {"compose.yaml", *(PurePosixPath(each).name for each in used if each.startswith("./"))} == own


def test_ports_are_those_of_this_host_alone():
    """
    Each once, and none that `make run` has: both may run. Nothing there asks who comes.
    """
    published = [each for service in SERVICES.values() for each in service.get("ports", ())]
    found = [re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", each) for each in published]
    assert None not in found
    ports = [each[1] for each in found if each]
    assert len(ports) == len(set(ports))
    assert not {"2525", "8025"} & set(ports)
    for each in SERVICES["empath"]["ports"]:
        assert knows("empath.internal", int(each.rpartition(":")[2])), each
    page = text("docs/STACK.md")
    assert set(ports) == {*re.findall(r"127\.0\.0\.1:(\d+)", page)}


def test_images_are_pinned():
    """
    Another version may read these files differently.
    """
    images = {each["image"] for each in SERVICES.values()}
    for image in images - {"localhost/empath:stack"}:
        assert re.fullmatch(r"docker\.io/[\w/-]+:v?\d+\.\d+\.\d+", image), image
        assert image.rpartition("/")[2].replace(":", " ") in text("docs/STACK.md")


@pytest.mark.parametrize(("server", "said"), [("empath", 1), ("world", 0)])
def test_the_configurations_pass_the_check(server, said, tmp_path):
    """
    With paths of this machine. The way to the collector is in the clear, and the check says so.
    """
    file = tmp_path / "empath.toml"
    file.write_text(re.sub(r"/var/(lib|log)/empath", str(tmp_path), (FOLDER / f"{server}.toml").read_text()))
    with CliRunner(env={"EMPATH_CONFIG": None}).isolation() as (_, err, _):
        code = common.run(empathd, "empathd", ["-c", str(file), "check"])
        found = [line for line in err.getvalue().decode().splitlines() if not line.endswith("no findings")]
    assert (0, said) == (code, len(found)), found
    assert all("tracing.endpoint: senders and clients go to the collector in the clear" in each for each in found)


@pytest.mark.parametrize("server", SERVERS)
def test_the_servers_write_into_their_volumes_only(server):
    """
    The rest of the file system cannot be written.
    """
    config = config_of(server)
    assert SERVICES[server]["read_only"]
    writable = {target for _, target, mode in mounts(server) if mode == "rw"}
    assert {str(config.queue.path.parent), str(config.log.file.parent)} == writable
    made = re.search(r"install -d -m 750 -o empath -g empath (.*?) \\", text("conf/container/Containerfile"))
    assert made is not None
    assert writable == set(made[1].split())
    assert config.hostname.a_labels == SERVICES[server]["hostname"]
    assert [config.hostname.a_labels] == SERVICES[server]["networks"]["default"]["aliases"]


def test_each_mail_has_a_route_and_meets_what_it_is_for():
    """
    A pure look: the router of the stack, and the listeners and rules of the world.
    """
    empath, world = config_of("empath"), config_of("world")
    listeners = {each.endpoint.port: each.role for each in world.listeners}
    ports = {}
    for mail in islice(GENERATOR["mails"](7), len(GENERATOR["DOMAINS"])):
        address = parseaddr(mail["To"])[1]
        domain = address.rpartition("@")[2]
        destination = empath.router.decide(address, Domain(domain), SentBy()).destination(domain)
        kind, name, port = destination.split(":")
        assert ("smtp", "world.internal") == (kind, name)
        ports[domain] = int(port)
    assert ports.keys() == {*GENERATOR["DOMAINS"]}
    assert ports["closed.internal"] not in listeners
    assert ("internal", "mx") == (listeners[ports["delivers.internal"]], listeners[ports["waits.internal"]])
    assert ports["bounces.internal"] in listeners
    assert {*GENERATOR["DOMAINS"]} == set(re.findall(r"^\| `(\w+\.internal)` \|", text("docs/STACK.md"), re.MULTILINE))
    assert {*GENERATOR["DOMAINS"]} - {"closed.internal"} == {each.text for each in world.relay.domains}


def test_the_collector_names_what_it_has_defined():
    """
    It hears Empath where Empath sends, reads the file that Empath writes, and gives both to services of the stack.
    """
    config = loaded("collector.yaml")
    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= config[kind].keys()
    port = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    assert f"http://collector:{port}" in (FOLDER / "empath.toml").read_text()
    [pattern] = config["receivers"]["filelog"]["include"]
    for server in SERVERS:
        log = config_of(server).log
        assert (True, "json") == (PurePosixPath(log.file).match(pattern), str(log.format))
    user = re.search(r"^USER (.*)", text("conf/container/Containerfile"), re.MULTILINE)
    assert user is not None
    assert user[1] == SERVICES["collector"]["user"]
    for exporter in config["exporters"].values():
        assert exporter["endpoint"].removeprefix("http://").partition(":")[0] in SERVICES


def test_grafana_asks_services_of_the_stack_and_shows_the_dashboard():
    """
    A link names a data source by its uid.
    """
    sources = {each["uid"]: each for each in loaded("grafana-datasources.yml")["datasources"]}
    assert {"prometheus", "loki", "jaeger"} == sources.keys()
    for source in sources.values():
        assert re.fullmatch(rf"http://{source['type']}:\d+", source["url"])
    assert ["prometheus"] == [uid for uid, each in sources.items() if each.get("isDefault")]
    named = re.findall(r"datasourceUid: (\w+)", (FOLDER / "grafana-datasources.yml").read_text())
    assert len(named) == 3
    assert set(named) <= sources.keys()
    [provider] = loaded("grafana-dashboards.yml")["providers"]
    shown = {target: source for source, target, _ in mounts("grafana")}
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert ("../monitoring/dashboard.json", provider["options"]["path"]) == (shown[home], str(Path(home).parent))


def test_prometheus_takes_its_file(tmp_path):
    """
    The rules are where the stack mounts them, beside the file; its targets serve metrics.
    """
    for source, target, _ in mounts("prometheus"):
        if source.startswith("."):
            shutil.copy(FOLDER / source, tmp_path / PurePosixPath(target).name)
    [job] = loaded("prometheus.yml")["scrape_configs"]
    assert "empath" == job["job_name"]
    for target in job["static_configs"][0]["targets"]:
        name, port = target.split(":")
        assert knows(name, int(port)), target
    if not shutil.which("promtool"):
        pytest.skip("needs the Debian package prometheus")
    command = ["promtool", "check", "config", tmp_path / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


def test_make_says_in_one_line_that_there_is_no_engine(tmp_path):
    """
    And builds nothing before it has looked.
    """
    for each in ("sh", "bash", "echo"):
        (tmp_path / each).symlink_to(shutil.which(each) or each)
    make = shutil.which("make")
    assert make is not None
    command = [make, "--no-print-directory", "stack", "PYTHON=python3"]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert 0 != done.returncode
    first, *_ = done.stderr.splitlines()
    assert first == "the stack needs docker or podman with compose, and its engine at work"
