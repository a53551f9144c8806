"""Which clients get a ticket to resume their session of TLS."""

from empath.policy.tickets import Tickets


def test_a_client_that_resumes_nothing_gets_ever_fewer_tickets():
    """
    A ticket costs a tenth of a handshake. Two in a row, so that a client that begins to resume is found out.
    """
    tickets = Tickets()
    given = [place for place in range(60) if tickets.begin("192.0.2.1")]
    assert [*range(10), 20, 21, 40, 41] == given


def test_a_client_that_resumes_gets_a_ticket_each_time():
    """
    A resumption saves the server less than it saves the client.
    """
    tickets = Tickets()
    assert all(tickets.begin("192.0.2.1") for _ in range(10))
    assert not tickets.begin("192.0.2.1")
    tickets.note_resumed("192.0.2.1")
    tickets.note_resumed("192.0.2.1")
    assert all(tickets.begin("192.0.2.1") for _ in range(10))


def test_clients_do_not_gather_in_memory():
    """
    Any number of clients may connect; those that came first are as new then.
    """
    tickets = Tickets(most_clients=2)
    for client in ("a", "b"):
        for _ in range(11):
            tickets.begin(client)
    tickets.begin("c")
    assert not tickets.begin("b")
    assert tickets.begin("a")
