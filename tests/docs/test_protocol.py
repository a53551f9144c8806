"""docs/protocol.md shows the tables of both protocol machines as they are."""

from empath.smtp.client.states import ClientState
from empath.smtp.server.states import ServerSignal, ServerState
from tests.docs.pages import blocks, text


def test_the_diagrams_have_every_state():
    """
    Each role has its own diagram.
    """
    server, client = blocks("docs/protocol.md", "mermaid")
    assert [] == [state for state in ServerState if state.replace("-", "_") not in server]
    assert [] == [state for state in ClientState if state.replace("-", "_") not in client]


def test_the_page_has_every_signal_of_the_server():
    """
    The text has the signals that end every session.
    """
    page = text("docs/protocol.md").lower().replace("\n", " ")
    ends = {ServerSignal.CONNECT, ServerSignal.TERMINATED}
    assert [] == [signal for signal in ServerSignal if signal not in ends and signal.lower() not in page]
