"""test_account - the accounts that may submit mail"""

from click.testing import CliRunner

from empath.cli.admin.__main__ import admin
from tests.cli.admin.kit import AdminTool

ALICE = "alice@example.org"


def invoke(tool: AdminTool, *arguments: str, password: str = "pencil\n"):
    """Run with *password* on standard input."""
    tool.queue.close()
    return CliRunner().invoke(admin, ["-c", str(tool.config), "account", *arguments], input=password)


def test_an_account_is_added_with_a_password_from_standard_input(tool: AdminTool):
    """
    A provisioning script has no terminal; the arguments of a process are public.
    """
    result = invoke(tool, "add", ALICE)
    assert f"added {ALICE}, which may send as {ALICE}\n" == result.stdout
    [record] = tool.records("account", "list")
    assert (ALICE, "enabled", ALICE, True, None) == (
        record["name"], record["status"], record["senders"], record["has_password"], record["last_used_at"],
    )  # fmt: skip
    assert [("account", "enabled")] == tool.queue.select(f"SELECT what, after FROM audit WHERE object = '{ALICE}'")


def test_an_account_may_have_its_password_elsewhere(tool: AdminTool):
    """
    Dovecot or an OpenID provider knows it; the row says what the account may do.
    """
    result = invoke(tool, "add", "alice", "--no-password", "--sender", ALICE, "--sender", "@shop.example")
    assert f"added alice, which may send as {ALICE} @shop.example\n" == result.stdout
    assert not tool.record("account", "list")["has_password"]


def test_an_account_without_a_sender_is_pointed_out(tool: AdminTool):
    """
    It could log in, and send nothing.
    """
    result = invoke(tool, "add", "alice")
    assert "added alice, which may send as no address\n" == result.stdout
    assert "empath-admin account allow" in result.stderr


def test_an_account_changes(tool: AdminTool):
    invoke(tool, "add", ALICE)
    [before] = tool.queue.select("SELECT password_hash, scram_keys FROM _account")
    assert f"set the password of {ALICE}\n" == invoke(tool, "passwd", ALICE, password="pen\n").stdout
    [after] = tool.queue.select("SELECT password_hash, scram_keys FROM _account")
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert [f"{ALICE} may send as {ALICE} @a.example *"] == tool.lines("account", "allow", ALICE, "@a.example", "*")
    assert [f"{ALICE} may send as {ALICE}"] == tool.lines("account", "allow", "--remove", ALICE, "@A.example", "*")
    assert [f"disabled {ALICE}"] == tool.lines("account", "disable", ALICE)
    assert "disabled" == tool.record("account", "list")["status"]
    assert [f"enabled {ALICE}"] == tool.lines("account", "enable", ALICE)
    assert [f"removed {ALICE}"] == tool.lines("account", "remove", "--yes", ALICE)
    assert [] == tool.records("account", "list")
    whos = {who for (who,) in tool.queue.select("SELECT DISTINCT who FROM audit")}
    assert {True} == {who.startswith("empath-admin:") for who in whos}


def test_an_account_has_rates_of_its_own(tool: AdminTool):
    """
    One machine that sends invoices needs more than a person.
    """
    invoke(tool, "add", ALICE)
    said = tool.lines("account", "limit", ALICE, "--messages", "100/60m")
    assert [f"{ALICE} may send messages: 100/1h; recipients: as [receiving.limits] says"] == said
    tool.lines("account", "limit", ALICE, "--messages", "default", "--recipients", "1000/1d")
    record = tool.record("account", "list")
    assert (None, "1000/1d") == (record["message_rate"], record["recipient_rate"])


def test_the_list_is_a_table(tool: AdminTool):
    invoke(tool, "add", ALICE)
    header, line = tool.lines("account", "list")
    assert [
        "ACCOUNT",
        "STATUS",
        "PASSWORD-SET",
        "LAST-USED",
        "CLIENT",
        "MESSAGES",
        "RECIPIENTS",
        "SENDERS",
    ] == header.split()
    assert line.startswith(f"{ALICE}  enabled")
    assert ["empath-admin: 1 account"] == tool.words("account", "list")


def test_a_mistake_is_one_clear_line(tool: AdminTool):
    invoke(tool, "add", ALICE)
    for code, hint, arguments, password in (
        (64, "exists", ("add", ALICE), "pencil\n"),
        (64, "the password is empty", ("add", "bob@example.org"), ""),
        (64, "not a name of an account", ("add", "b\x07b"), "pencil\n"),
        (64, "address needs a domain", ("allow", ALICE, "bob"), ""),
        (64, "add --yes", ("remove", ALICE), ""),
        (64, "nothing to limit", ("limit", ALICE), ""),
        (64, "not a rate", ("limit", ALICE, "--messages", "many"), ""),
        (66, "no account 'bob'", ("limit", "bob", "--messages", "1/1h"), ""),
        (66, "no account 'bob'", ("passwd", "bob"), "pencil\n"),
        (66, "no account 'bob'", ("allow", "bob", "*"), ""),
        (66, "no account 'bob'", ("disable", "bob"), ""),
        (66, "no account 'bob'", ("remove", "--yes", "bob"), ""),
    ):
        result = invoke(tool, *arguments, password=password)
        error = result.exception
        text = result.stderr if isinstance(error, SystemExit) else str(error)
        assert hint in text, (arguments, text)
        assert code in (getattr(error, "exit_code", 64), 64), arguments
    assert [ALICE] == [record["name"] for record in tool.records("account", "list")]
