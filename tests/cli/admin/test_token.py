"""empath-admin token: the secret is shown once, and only its digest is kept."""

import re

import pytest

from empath.errors import MissingInput
from empath.policy.api_token import digest_of
from tests.cli.admin.kit import AdminTool


def test_a_secret_is_shown_once(tool: AdminTool) -> None:
    """
    It has 256 bits. What is kept is its SHA-256.
    """
    result = tool.invoke("token", "add", "grafana", "--role", "read", "--network", "192.0.2.0/24", "--for", "90d")
    [secret] = result.stdout.splitlines()
    assert re.fullmatch(r"empath_[A-Za-z0-9_-]{43}", secret)
    assert secret not in result.stderr
    assert [(digest_of(secret),)] == tool.queue.select("SELECT digest FROM _token")
    listed = tool.record("token", "list")
    assert ("grafana", "read", "192.0.2.0/24") == (listed["name"], listed["role"], listed["networks"])
    assert secret not in tool.invoke("token", "list").output
    assert ["revoked grafana"] == tool.lines("token", "revoke", "grafana")
    assert ["empath-admin: 0 tokens"] == tool.words("token", "list")


def test_the_table_says_what_is_over(tool: AdminTool) -> None:
    tool.lines("token", "add", "old", "--role", "admin")
    tool.queue.write("UPDATE token SET expires_at = '2001-09-10 00:00:00'")
    tool.queue.close()
    [_, line] = tool.lines("token", "list")
    assert ["old", "admin", "2001-09-10T00:00:00Z", "(over)"] == line.split()[:4]


@pytest.mark.parametrize("name", ["", "a b", "-x", "a" * 65, "tökén"])
def test_a_name_can_stand_in_a_line_of_the_audit(tool: AdminTool, name: str) -> None:
    assert 2 == tool.invoke("token", "add", "--role", "read", "--", name).exit_code


def test_a_token_is_not_bound_to_an_account_that_is_not_there(tool: AdminTool) -> None:
    """
    A slip in the name would be seen with the first message only.
    """
    done = tool.run("token", "add", "shop", "--role", "inject", "--account", "shpo")
    assert (66, "empath-admin: no account 'shpo'; `empath-admin account list` shows all\n") == (done.code, done.err)
    assert [] == tool.queue.select("SELECT name FROM token")


def test_a_token_that_is_not_there_cannot_be_revoked(tool: AdminTool) -> None:
    """
    A typing error must not look like a success.
    """
    assert isinstance(tool.invoke("token", "revoke", "nobody").exception, MissingInput)
