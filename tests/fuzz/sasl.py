"""
sasl - an exchange of any mechanism with any responses of the client

The turns are the responses, not encoded; an empty first turn is no initial response.

Promises: no exception; an exchange ends within a few responses; names and passwords that it gives are in the one
spelling in which they are compared; only a right proof of the password is a proof; and no step shows a secret as text.
"""

from empath.smtp.sasl.mechanisms import Mechanism, begin_exchange
from empath.smtp.sasl.prepared import prepared
from empath.smtp.sasl.scram import ScramKeys, ScramServer
from empath.smtp.sasl.steps import (
    Challenge,
    KeysWanted,
    Malformed,
    PasswordGiven,
    Proved,
    Refused,
    ServerExchange,
    Step,
    TokenGiven,
)
from tests.fuzz.case import Case

NONCE = "srv"
BINDING = b"\x01" * 32
KEYS = ScramKeys.of("pencil", b"salt", 1)
MECHANISMS = tuple(Mechanism)
_MOST_RESPONSES = 5


def check(case: Case) -> list[str]:
    """
    Lead one exchange; the kinds of step that it reached.

    Raises:
        AssertionError: a promise is broken.
    """
    mechanism = MECHANISMS[case.choices % len(MECHANISMS)]
    exchange = begin_exchange(mechanism, NONCE, {"tls-server-end-point": BINDING}, offers_plus=case.choices % 2 == 0)
    first, *turns = case.turns
    responses: list[bytes | None] = [None, *turns] if not first else [*case.turns]
    reached = [str(mechanism)]
    said: list[bytes] = []
    for response in responses[: _MOST_RESPONSES + 1]:
        said.append(response or b"")
        step = _step(exchange, response)
        reached.append(type(step).__name__)
        if not isinstance(step, Challenge):
            _judge(step, said)
            return reached
    assert len(responses) <= _MOST_RESPONSES, "the exchange does not end"
    return reached


def _step(exchange: ServerExchange, response: bytes | None) -> Step:
    step = exchange.respond(response)
    if isinstance(step, KeysWanted):
        assert isinstance(exchange, ScramServer)
        assert step.name == prepared(step.name)
        return exchange.use(KEYS)
    if isinstance(step, TokenGiven):
        assert step.token not in repr(step).replace(step.name, "") or len(step.token) < 12
        assert step.token.isascii()
        return exchange.refuse()
    return step


def _judge(step: Step, said: list[bytes]) -> None:
    match step:
        case PasswordGiven(name, password):
            assert (name, password) == (prepared(name), prepared(password))
        case Proved(name):
            assert b",p=" in said[-2], "proved without a proof"
            assert name == prepared(name)
        case _:
            assert step in (Malformed(), Refused())
