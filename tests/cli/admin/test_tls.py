"""empath-admin tls, with a scripted name server and hosts."""

import pytest

from empath.policy.sts import KeptPolicy, StsPolicy
from empath.policy.tls_demand import StsMode
from empath.storage.queue.sts_policies import KeepPolicy
from tests.cli.admin.kit import AdminTool
from tests.kit import certificates
from tests.kit.dns import ScriptedDns
from tests.kit.peer import ScriptedPeer
from tests.kit.process import configuration


@pytest.fixture
def peer():
    """A host with a certificate of an authority that is not known."""
    with ScriptedPeer("127.0.0.2").secure_with(certificates.server("mx.x.test").context) as made:
        yield made


@pytest.fixture
def script():
    """A name server with one host."""
    with ScriptedDns() as server:
        yield server.mx("x.test", (10, "mx.x.test")).a("mx.x.test", "127.0.0.2")


@pytest.fixture
def tool(tmp_path, script, peer):
    """A configuration with some destinations, and that name server."""
    made = AdminTool(tmp_path)
    table = (
        f'[dns]\nnameservers = ["{script.address}"]\nallowed_networks = ["127.0.0.0/8"]\n'
        f'[delivery]\nmx_port = {peer.port}\n[destinations]\n"x.test" = {{ tls = "sts" }}\n'
    )
    made.config.write_text(configuration(2525, table, '"*" = "mx"\n"here.test" = "discard:"\n"no.test" = "mx"'))
    yield made
    made.queue.close()


def test_a_handshake_is_tried_and_its_certificate_shown(tool, peer):
    """
    No mail is sent. Without a policy nothing has to be proved.
    """
    found = tool.record("tls", "x.test")
    assert ("sts", '[destinations."x.test"]', "NXDOMAIN", None) == (
        *(found["tls"], found["decided_by"]),
        *(found["sts_record"], found["sts_policy"]),
    )
    [host] = found["hosts"]
    assert ("may", "TLSv1.3", ["mx.x.test"], None) == (host["level"], host["version"], host["names"], host["failure"])
    assert 64 == len(host["fingerprint"])
    peer.wait_until(lambda: ["EHLO", "STARTTLS", "EHLO", "QUIT"] == peer.sessions[0].verbs)


def test_a_policy_says_what_is_demanded_and_the_try_what_fails(tool, script):
    """
    The authority of the certificate is not one of the system. The certificate is shown all the same.
    """
    script.txt("_mta-sts.x.test", "v=STSv1; id=7")
    policy = StsPolicy(StsMode.ENFORCE, 9, ("mx.x.test",))
    tool.queue.run(KeepPolicy(KeptPolicy("x.test", "7", policy, 1e9, 4e9, 1e9)))
    found = tool.record("tls", "x.test")
    assert ("7", "7, enforce, mx mx.x.test, until 2096-10-02T07:06:40Z") == (found["sts_record"], found["sts_policy"])
    [host] = found["hosts"]
    assert ("verify", "the MTA-STS policy 7 of x.test") == (host["level"], host["by"])
    assert "local issuer certificate" in host["failure"]
    assert (["mx.x.test"], None) == (host["names"], host["proof"])


def test_no_connection_is_made_on_request(tool, peer):
    """
    The table has what would be demanded.
    """
    lines = tool.lines("tls", "x.test", "--no-try")
    assert f"mx.x.test  127.0.0.2  {peer.port}  may" in " ".join(lines).replace("   ", "  ")
    assert [] == peer.sessions


def test_a_domain_without_hosts_says_so(tool, script):
    """
    Because of its route, or of the DNS.
    """
    assert ("discard:", []) == (tool.record("tls", "here.test")["route"], tool.record("tls", "here.test")["hosts"])
    assert tool.record("tls", "no.test")["reply"].startswith("550 5.4.4")


def test_a_host_without_tls_fails_only_where_tls_is_demanded(tool, peer):
    """
    By default mail goes there in the clear, and nothing that was demanded is missed.
    """
    peer.extensions("PIPELINING")
    [host] = tool.record("tls", "x.test")["hosts"]
    assert ("may", None, None) == (host["level"], host["version"], host["failure"])
    assert any(line.endswith("no TLS: mail goes in the clear") for line in tool.lines("tls", "x.test"))
    assert ["empath-admin: 1 of 1 hosts meet what is demanded of TLS"] == tool.words("tls", "x.test")
    tool.lines("rule", "set", "x.test", "tls", "encrypt")
    [host] = tool.record("tls", "x.test")["hosts"]
    assert (None, "451 4.7.4 TLS is required, and the host does not offer it") == (host["version"], host["failure"])


def test_the_authorities_of_the_file_vouch_in_a_try_too(tool, peer, tmp_path):
    """
    As they do for the workers; else the verb would find fault with a host that gets mail.
    """
    certificates.authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with tool.config.open("a") as file:
        file.write(f'[tls.client]\nca = "{tmp_path / "ca.pem"}"\n')
    tool.lines("rule", "set", "x.test", "tls", "verify")
    [host] = tool.record("tls", "x.test")["hosts"]
    assert ("verify", None) == (host["level"], host["failure"])
    (tmp_path / "ca.pem").unlink()
    assert 78 == tool.run("tls", "x.test").code
