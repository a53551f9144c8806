"""The files for containers: nothing runs as root, the paths and ports agree, and their configurations load."""

import json
import re

import pytest

from empath.config.hosts import endpoints
from empath.config.load import parse_config
from tests.docs.pages import ROOT, text

CONTAINER = text("conf/container/Containerfile")
PORTS = {2525, 8025}


def instructions():
    """Name and text of each instruction of the last stage, continued lines as one."""
    whole = re.sub(r"^#.*\n", "", CONTAINER, flags=re.MULTILINE).replace("\\\n", "")
    stage = whole.rpartition("\nFROM ")[2]
    return [tuple(line.split(None, 1)) for line in f"FROM {stage}".splitlines() if line]


def ports_of(config):
    """The ports of the listeners and of [http]."""
    return {each.port for each in (*endpoints(config), config.http.endpoint) if each is not None}


def test_the_container_runs_as_a_user_of_its_own():
    """
    By number, so that Kubernetes can see that it is not root; everything after that needs no right of root.
    """
    found = instructions()
    names = [name for name, _ in found]
    [user] = [value for name, value in found if name == "USER"]
    assert re.fullmatch(r"([1-9]\d{4,}):\1", user)
    assert "RUN" not in names[names.index("USER") :]
    assert ["/var/lib/empath"] == [value for name, value in found if name == "VOLUME"]


def test_the_container_ends_and_tells_its_health_as_the_program_does():
    """
    The words are arrays: with a shell between, no signal reaches the supervisor.
    """
    found = dict(instructions())
    assert ("SIGTERM", ["empathd"], ["run"]) == (
        *(found["STOPSIGNAL"], json.loads(found["ENTRYPOINT"]), json.loads(found["CMD"])),
    )
    assert ["empath-admin", "health"] == json.loads(found["HEALTHCHECK"].partition("CMD ")[2])


def test_the_configuration_of_the_container_loads():
    """
    Its ports are published, and it writes into the volume only.
    """
    config = parse_config((ROOT / "conf/container/empath.toml").read_bytes(), "empath.toml", "/etc/empath")
    exposed = {int(port) for port in dict(instructions())["EXPOSE"].split()}
    assert PORTS == ports_of(config) <= exposed
    assert str(config.queue.path).startswith("/var/lib/empath/")
    assert config.log.file is None


@pytest.fixture(scope="module")
def kinds():
    """The objects for Kubernetes by their kinds."""
    yaml = pytest.importorskip("yaml", reason="no PyYAML")
    return {each["kind"]: each for each in yaml.safe_load_all(text("conf/kubernetes/empath.yaml"))}


def test_the_pod_keeps_its_queue_and_has_no_rights(kinds):
    """
    One pod with one volume, for the user of the container file.
    """
    spec = kinds["StatefulSet"]["spec"]
    pod = spec["template"]["spec"]
    [container] = pod["containers"]
    assert 1 == spec["replicas"]
    assert (
        f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == dict(instructions())["USER"]
    )
    rights = container["securityContext"]
    assert (False, True, ["ALL"]) == (
        *(rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"], rights["capabilities"]["drop"]),
    )
    claims = {each["metadata"]["name"] for each in spec["volumeClaimTemplates"]}
    volumes = {each["name"] for each in pod["volumes"]} | claims
    assert {each["name"] for each in container["volumeMounts"]} == volumes
    assert "/var/lib/empath" in [each["mountPath"] for each in container["volumeMounts"] if each["name"] in claims]


def test_the_objects_of_kubernetes_find_each_other(kinds):
    """
    A service without a pod, or a port without a name, fails silently there.
    """
    template = kinds["StatefulSet"]["spec"]["template"]
    [container] = template["spec"]["containers"]
    assert kinds["Service"]["spec"]["selector"] == template["metadata"]["labels"]
    assert kinds["StatefulSet"]["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert {each["targetPort"] for each in kinds["Service"]["spec"]["ports"]} <= ports.keys()
    config = parse_config(kinds["ConfigMap"]["data"]["empath.toml"].encode(), "empath.toml", "/etc/empath")
    assert PORTS == {*ports.values()} == ports_of(config)
