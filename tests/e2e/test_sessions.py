"""The view of the sessions of a running instance."""

from tests.e2e.service import Service
from tests.kit.waiting import eventually


def listed(service: Service, name: str) -> list[tuple[object, ...]]:
    return service.rows("SELECT state, messages, process FROM session WHERE client_name = ?", name)


def test_a_session_appears_changes_and_is_closed_by_order(service: Service) -> None:
    """
    An operator sees a client that stays, and ends its session by a plain shell.
    """
    with service.client() as client:
        assert "250" == client.say("EHLO watched.test")[:3]
        eventually(lambda: [("ready", 0, "acceptor-1")] == listed(service, "watched.test"), "a row")
        client.mail("<a@example.org>", "<b@here.test>")
        client.say("MAIL FROM:<a@example.org>")
        eventually(lambda: [("mail-given", 1, "acceptor-1")] == listed(service, "watched.test"), "a change")
        service.shell("DELETE FROM session WHERE client_name = 'watched.test'")
        assert "421 4.3.2 Session closed by the administrator" == client.reply()
    eventually(lambda: [] == listed(service, "watched.test"), "the end")
