"""The MTA-STS policies of our own domains over HTTP."""

import falcon
import pytest
from falcon.testing import TestClient

from empath.daemon.httpd.app import PolicyFile
from empath.policy.sts import POLICY_PATH, StsPolicy
from empath.policy.tls_demand import StsMode

A = StsPolicy(StsMode.ENFORCE, 604_800, ("mx.a.test", "*.b.test"))
B = StsPolicy(StsMode.NONE, 60)


@pytest.fixture
def counted():
    """Domains whose policy was read."""
    return []


@pytest.fixture
def client(counted):
    """What asks for policies of two domains."""
    app = falcon.App()
    app.add_route(POLICY_PATH, PolicyFile({"a.test": A, "b.test": B}, counted.append))
    return TestClient(app)


@pytest.mark.parametrize(("host", "policy"), [("mta-sts.a.test", A), ("MTA-STS.B.test:443", B), ("mta-sts.a.test.", A)])
def test_the_name_that_is_asked_for_chooses_the_policy(client, counted, host, policy):
    """
    RFC 8461 §3.2: the type is text/plain.
    """
    answer = client.simulate_get(POLICY_PATH, headers={"Host": host})
    assert (200, policy, "text/plain") == (
        *(answer.status_code, StsPolicy.parse(answer.content)),
        answer.headers["content-type"],
    )
    assert ["a.test" if policy is A else "b.test"] == counted


@pytest.mark.parametrize("host", ["a.test", "mta-sts.c.test", "127.0.0.1", "x.mta-sts.a.test"])
def test_another_name_has_no_policy(client, counted, host):
    """
    A host that is asked by its address does not say whose mail it takes.
    """
    assert 404 == client.simulate_get(POLICY_PATH, headers={"Host": host}).status_code
    assert [] == counted
