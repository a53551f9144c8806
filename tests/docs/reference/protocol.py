"""protocol - both machines of SMTP, drawn from their tables, for docs/protocol.md"""

from collections.abc import Iterable, Mapping
from typing import Final

from empath.mail.protocol import Protocol
from empath.smtp.client import table as client
from empath.smtp.client.states import ClientCall, ClientSignal, ClientState
from empath.smtp.server import table as server
from empath.smtp.server.states import ServerSignal, ServerState

# In these states the session reads no command.
_UNREAD: Final = frozenset(
    {ServerState.CONNECTING, ServerState.CONTENT, ServerState.CHUNK, ServerState.HANDSHAKE, ServerState.CLOSED}
)
# Events that are no command.
_EVENTS: Final = (ServerSignal.CONNECT, ServerSignal.END_OF_CHUNK, ServerSignal.END_OF_DATA, ServerSignal.SECURED)
_OVER: Final = (ClientSignal.SHUTDOWN, ClientSignal.GARBAGE, ClientSignal.LOST, ClientSignal.TIMED_OUT)
_CALLS: Final = {
    ClientCall.BEGIN: "begin()",
    ClientCall.PIECE: "content()",
    ClientCall.END: "end_content()",
    ClientCall.SECURED: "secured()",
    ClientCall.SECURED_LMTP: "secured() in LMTP",
}


def parts() -> dict[str, str]:
    """The generated parts of the page, by the name of their marker."""
    return {
        "server": f"{_diagram('connecting', _server_edges())}\n\n{_server_table()}\n\n{_effects()}",
        "client": f"{_diagram('greeting', _client_edges())}\n\n{_client_table()}",
    }


Edges = Mapping[tuple[str, str], Iterable[str]]


def _diagram(first: str, edges: Edges) -> str:
    lines = [
        f"    {_node(state)} --> {_node(following)}: {', '.join(sorted(set(labels)))}"
        for (state, following), labels in edges.items()
        if state != following
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *lines, "    closed --> [*]", "```"])


def _node(state: str) -> str:
    return state.replace("-", "_")


def _server_edges() -> Edges:
    edges: dict[tuple[str, str], list[str]] = {}
    for (state, signal), step in server.NEXT.items():
        if signal not in server.ENDS and step.action is server.ServerAction.OBEY:
            edges.setdefault((state, step.accepted), []).append(signal)
            if step.refused not in (state, step.accepted):
                edges.setdefault((state, step.refused), []).append(f"{signal} refused")
    return edges


def _server_table() -> str:
    states = [state for state in ServerState if state not in _UNREAD]
    signals = [signal for signal in ServerSignal if signal not in (*_EVENTS, *server.ENDS)]
    rows = [(signal, *(_server_cell(state, server.NEXT[state, signal]) for state in states)) for signal in signals]
    return _table(("command", *(f"in {state}" for state in states)), rows)


def _server_cell(state: ServerState, step: server.ServerStep) -> str:
    if step.action is not server.ServerAction.OBEY:
        refusal = f"{server.REFUSALS[Protocol.SMTP][step.action].code}: {step.action}"
        return refusal if step.refused is state else f"{refusal} → {step.refused}"
    return "stays" if step.accepted is state else f"→ {step.accepted}"


def _effects() -> str:
    accepted = [(str(signal), "; ".join(effects)) for signal, effects in server.EFFECTS.items()]
    refused = [(f"{signal} refused", "; ".join(effects)) for signal, effects in server.EFFECTS_OF_REFUSAL.items()]
    return _table(("when accepted", "effect"), accepted + refused)


def _client_edges() -> Edges:
    edges: dict[tuple[str, str], list[str]] = {}
    for (state, signal), step in client.NEXT.items():
        if signal not in _OVER:
            for following in step.leads_to:
                edges.setdefault((state, following), []).append(signal)
    for (state, call), following in client.CALLS.items():
        edges.setdefault((state, following), []).append(_CALLS[call])
    return edges


def _client_table() -> str:
    signals: dict[tuple[ClientState, client.ClientStep], list[str]] = {}
    for (state, signal), step in client.NEXT.items():
        signals.setdefault((state, step), []).append(signal)
    return _table(
        ("state", "signal", "action", "leads to"),
        [
            (
                state,
                "any" if len(names) == len(ClientSignal) else ", ".join(names),
                step.action,
                ", ".join(step.leads_to),
            )
            for (state, step), names in signals.items()
        ],
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- ", "|---").replace("|--- |", "|---|")
