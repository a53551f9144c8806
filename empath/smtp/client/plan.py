"""client_plan - one transaction under way: commands to be sent, replies to come, and results so far"""

from collections import deque
from typing import Final

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.states import IN_VAIN, State
from empath.smtp.client.transaction import Transaction, mail_command, objection, rcpt_command, recipient_objection

# Both sides may block in a write when a group does not fit the buffers between them (RFC 2920 §3.1), so a group ends
# with the command that reaches this; one command is at most about 1 KiB.
GROUP_OCTETS: Final = 8 * 1024

_DATA: Final = (State.DATA, b"DATA\r\n")
_UNANSWERED: Final = Said(Stage.MAIL, Reply.of("451 4.5.0 No answer"))


class Plan:
    """
    What is left to do for a transaction with this peer.

    Shape: results has one entry for each recipient, by its number; has_hope says whether a recipient
    is accepted or may still be.
    """

    __slots__ = ("_accepted", "_awaited", "_room", "_unanswered", "_unsent", "results")

    def __init__(self, transaction: Transaction, peer: Capabilities) -> None:
        """
        Make the commands; recipients that the peer cannot be given have their result at once.

        Raises:
            SyntaxViolation: a control character in a path or parameter.
        """
        self.results: dict[int, Said] = {}
        self._room = GROUP_OCTETS if peer.has_pipelining else 1
        self._unsent = deque([(State.MAIL, mail_command(transaction, peer))])
        self._awaited: deque[State] = deque()
        self._unanswered: deque[int] = deque()  # recipients by their number
        self._accepted: list[int] = []
        refusal = objection(transaction, peer)
        for number, recipient in transaction.recipients.items():
            if refusal is not None:
                self.results[number] = Said(Stage.MAIL, refusal)
            elif (reply := recipient_objection(recipient, peer)) is not None:
                self.results[number] = Said(Stage.RCPT, reply)
            else:
                self.results[number] = _UNANSWERED
                self._unanswered.append(number)
                self._unsent.append((State.RCPT, rcpt_command(recipient, peer)))
        self._unsent.append(_DATA)

    @property
    def has_hope(self) -> bool:
        """Whether the message may still go to someone."""
        return bool(self._accepted or self._unanswered)

    @property
    def is_awaiting(self) -> bool:
        """Whether a reply to a command of this group is still to come."""
        return bool(self._awaited)

    def next_group(self) -> list[bytes]:
        """Take the commands that are sent together, RFC 2920 §3.1."""
        group = []
        room = self._room
        while self._unsent and room > 0:
            state, command = self._unsent.popleft()
            self._awaited.append(state)
            group.append(command)
            room -= len(command)
        return group

    def next_awaited(self) -> State:
        """Take the command whose reply comes next."""
        state = self._awaited.popleft()
        return state if self.has_hope else IN_VAIN[state]

    def accept(self) -> None:
        """The recipient whose turn it is was accepted."""
        self._accepted.append(self._unanswered.popleft())

    def refuse(self, said: Said) -> None:
        """The recipient whose turn it is was refused."""
        self.results[self._unanswered.popleft()] = said

    def settle(self, said: Said) -> None:
        """Give one reply to every recipient that has none of its own."""
        for number in self._accepted:
            self.results[number] = said
        for number in self._unanswered:
            self.results[number] = said
        self._accepted.clear()
        self._unanswered.clear()
