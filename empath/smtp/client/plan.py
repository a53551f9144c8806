"""plan - one transaction under way: the commands still to send, the replies still to come, the results so far"""

from collections import deque
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.states import IN_VAIN, ClientState
from empath.smtp.client.transaction import (
    Transaction,
    chunk_command,
    mail_command,
    objection,
    rcpt_command,
    recipient_objection,
)

# A group that is larger than the buffers between two hosts may block both in a write (RFC 2920 §3.1). A group ends with
# the command that reaches this size; one command is at most about 1 KiB.
GROUP_OCTETS: Final = 8 * 1024

_MAIL: Final = ClientState.MAIL
_RCPT: Final = ClientState.RCPT
_RSET_STATE: Final = ClientState.RSET
_DATA_STATE: Final = ClientState.DATA
_RSET: Final = b"RSET\r\n"
_DATA: Final = b"DATA\r\n"
_class_of: Final = attrgetter("klass")
_UNANSWERED: Final = Said(Stage.MAIL, Reply.of("451 4.5.0 No answer"))


class TransactionPlan:
    """
    The work that is left for one transaction with one peer.

    Shape: results has one entry for each recipient, by its number; chunk is the command before the content, None if
    DATA asks for it.
    """

    __slots__ = ("_accepted", "_asked", "_awaited", "_commands", "_room", "_states", "_unanswered", "chunk", "results")

    def __init__(self, transaction: Transaction, peer: Capabilities, *, is_first: bool = True) -> None:
        """
        Compose the commands. A recipient that this peer cannot be given has its result at once.

        RSET stands before every transaction but the first of a session, because some peers keep the recipients of the
        one before.

        Raises:
            SyntaxViolation: a path or parameter has a control character.
        """
        self.results: dict[int, Said] = {}
        self._room = GROUP_OCTETS if peer.has_pipelining else 1
        # The commands still to send, and the state of each.
        self._commands = [mail_command(transaction, peer)] if is_first else [_RSET, mail_command(transaction, peer)]
        self._states = [_MAIL] if is_first else [_RSET_STATE, _MAIL]
        self._awaited: deque[ClientState] = deque()
        self._unanswered: deque[int] = deque()  # numbers of recipients
        self._accepted: list[int] = []
        refusal = objection(transaction, peer)
        results = self.results
        for number, recipient in transaction.recipients.items():
            if refusal is not None:
                results[number] = Said(Stage.MAIL, refusal)
            elif (reply := recipient_objection(recipient, peer)) is not None:
                results[number] = Said(Stage.RCPT, reply)
            else:
                results[number] = _UNANSWERED
                self._unanswered.append(number)
                self._states.append(_RCPT)
                self._commands.append(rcpt_command(recipient, peer))
        self.chunk = chunk_command(transaction, peer)
        if self.chunk is None:
            self._states.append(_DATA_STATE)
            self._commands.append(_DATA)
        self._asked = tuple(self._unanswered)

    @property
    def has_hope(self) -> bool:
        """Whether a recipient is accepted or may still be."""
        return bool(self._accepted or self._unanswered)

    @property
    def is_awaiting(self) -> bool:
        """Whether a reply to this group is still to come."""
        return bool(self._awaited)

    @property
    def is_answered(self) -> bool:
        """Whether every command is answered, so that the content is due: never before DATA."""
        return not self._commands and not self._awaited

    def next_group(self) -> tuple[list[bytes], ClientState]:
        """Take the commands that go out together, RFC 2920 §3.1, and the one whose reply comes first."""
        group, awaited = self._commands, self._awaited
        if sum(map(len, group)) > self._room:
            room, number = self._room, 0
            while room > 0:
                room -= len(group[number])
                number += 1
            group, self._commands = group[:number], group[number:]
        else:  # nearly always
            number = len(group)
            self._commands = []
        awaited.extend(self._states[:number])
        del self._states[:number]
        return group, awaited.popleft()

    def next_awaited(self) -> ClientState | None:
        """Take the command of this group whose reply comes next; None after the last one."""
        if not self._awaited:
            return None
        state = self._awaited.popleft()
        return state if self._accepted or self._unanswered else IN_VAIN[state]

    def accept_all(self, replies: Sequence[Reply]) -> bool:
        """
        Whether *replies* take all that is awaited, and ask for the content. If so, no answer is awaited any more, and
        all recipients that had none are accepted: as one reply after the other would have it.
        """
        awaited = self._awaited
        number = len(awaited)
        if number + 1 != len(replies) or not number or awaited[-1] is not _DATA_STATE:
            return False
        if bytes(map(_class_of, replies)) != b"\2" * number + b"\3":
            return False
        awaited.clear()
        self._accepted += self._unanswered
        self._unanswered.clear()
        return True

    def accept(self) -> None:
        """Note that the peer accepted the next recipient."""
        self._accepted.append(self._unanswered.popleft())

    def refuse(self, said: Said) -> None:
        """Note that the peer refused the next recipient."""
        self.results[self._unanswered.popleft()] = said

    def disbelieve(self) -> None:
        """Take back what the peer said of the recipients: its replies may have been shifted."""
        self._accepted.clear()
        self._unanswered = deque(self._asked)

    def settle_next(self, said: Said) -> bool:
        """Give a reply to the accepted recipient whose turn it is (RFC 2033 §4.2); say whether another one waits."""
        self.results[self._accepted.pop(0)] = said
        return bool(self._accepted)

    def settle(self, said: Said) -> None:
        """Give one reply to every recipient that has none of its own."""
        for number in self._accepted:
            self.results[number] = said
        for number in self._unanswered:
            self.results[number] = said
        self._accepted.clear()
        self._unanswered.clear()
