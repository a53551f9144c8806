"""transaction_actions - what a client session does with one message: its envelope, its content, its results"""

from typing import Final

from empath.mail.fate import Said
from empath.mail.reply import Reply
from empath.smtp.client import own_replies
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.client.events import ContentWanted, TransactionEnded
from empath.smtp.client.opening_actions import OpeningActions
from empath.smtp.client.states import ClientState

# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_END_OF_DATA: Final = ClientState.END_OF_DATA
_CONTENT_WANTED: Final = ContentWanted()


class TransactionActions(OpeningActions):
    """Actions from MAIL to the state IDLE, which follow those of the opening."""

    def _continue(self, _: Reply) -> ClientState:
        return self._proceed()

    def _continue_as_last(self, _: Reply) -> ClientState:
        self._is_fit = False
        return self._proceed()

    def _refuse_all(self, reply: Reply) -> ClientState:
        reply = self._unless_for_tls(reply)
        if not self._has_delivered:
            self._settle_all(reply)
            return self._proceed()
        self._settle_all(own_replies.for_now(reply))
        self.events.append(TransactionEnded(self._plan.results, is_spent=True))
        # The peer might take QUIT for content while commands of this group wait for their answers.
        return self._close(reply) if self._plan.is_awaiting else self._send_quit()

    def _refuse_all_unexpected(self, reply: Reply) -> ClientState:
        if self._has_served and not self._has_delivered:
            return self._abandon_stale(reply)
        return self._refuse_all(self._unexpected(reply))

    def _accept_recipient(self, _: Reply) -> ClientState:
        self._plan.accept()
        return self._proceed()

    def _refuse_recipient(self, reply: Reply) -> ClientState:
        self._plan.refuse(Said(self.stage, self._unless_for_tls(reply)))
        return self._proceed()

    def _refuse_recipient_or_all(self, reply: Reply) -> ClientState:
        return self._refuse_all(reply) if self._has_delivered else self._refuse_recipient(reply)

    def _refuse_recipient_unexpected(self, reply: Reply) -> ClientState:
        return self._refuse_recipient(self._unexpected(reply))

    def _begin_content(self, _: Reply) -> ClientState:
        self._stuffer = DotStuffer()
        self._kept = None
        self._content_octets = 0
        self.events.append(_CONTENT_WANTED)
        return ClientState.CONTENT

    def _send_lone_dot(self, reply: Reply) -> ClientState:
        if self._is_lmtp:  # which has a reply for each accepted recipient, and none is
            self.events.append(TransactionEnded(self._plan.results))
            return self._close(reply)
        self._out.append(b".\r\n")
        return ClientState.LONE_DOT

    def _settle(self, reply: Reply) -> ClientState:
        self._has_delivered |= reply.klass == 2
        if not self._is_lmtp:
            self._settle_all(reply)
        elif self._plan.settle_next(Said(self.stage, reply)):
            return _END_OF_DATA
        self.events.append(TransactionEnded(self._plan.results))
        return self._become_ready_again()

    def _settle_unexpected(self, reply: Reply) -> ClientState:
        return self._settle(self._unexpected(reply))

    def _settle_out_of_sequence(self, reply: Reply) -> ClientState:
        return self._settle(reply) if self._is_lmtp else self._refuse_all(reply)

    def _finish(self, _: Reply) -> ClientState:
        return self._end()

    def _finish_as_last(self, _: Reply) -> ClientState:
        self._is_fit = False
        return self._end()

    def _abandon(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results))
        return self._close(reply)

    def _abandon_spent(self, reply: Reply) -> ClientState:
        self._settle_all(own_replies.for_now(reply) if self._has_delivered else reply)
        self.events.append(TransactionEnded(self._plan.results, is_spent=self._has_delivered))
        return self._close(reply)

    def _abandon_stale(self, reply: Reply) -> ClientState:
        self._settle_all(reply if reply.klass in {4, 5} else self._unexpected(reply))
        self.events.append(TransactionEnded(self._plan.results, is_stale=True))
        return self._close(reply)

    def _abandon_out_of_step(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results, is_stale=self._has_served))
        return self._close(reply)

    def _abandon_in_doubt(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results, is_in_doubt=True))
        return self._close(reply)

    def _abandon_premature(self, reply: Reply) -> ClientState:
        # A 2yz before the end of data promises nothing about the message; to believe it would lose mail.
        return self._abandon(own_replies.premature(reply))

    def _proceed(self) -> ClientState:
        """Await the next reply of this group, or send the next group, or end a transaction without recipients."""
        plan = self._plan
        awaited = plan.next_awaited()
        if awaited is not None:
            return awaited
        if not plan.has_hope:
            return self._end()
        if plan.is_answered:
            return self._begin_chunk(plan.chunk)
        group, awaited = plan.next_group()
        self._out += group
        return awaited

    def _begin_chunk(self, command: bytes | None) -> ClientState:
        """Ask for the content, which follows its command without a reply in between."""
        self._kept = command
        self._content_octets = 0
        if self.transcript is not None and command is not None:
            self.transcript.command(command)
        self.events.append(_CONTENT_WANTED)
        return ClientState.CONTENT

    def _settle_all(self, reply: Reply) -> None:
        self._plan.settle(Said(self.stage, reply))

    def _unless_for_tls(self, reply: Reply) -> Reply:
        """*reply*; a refusal for now if the host refuses for good only because the session is in the clear."""
        may_secure = self._peer.has_starttls and not self._is_secured
        return own_replies.tls_wanted(reply) if may_secure and own_replies.asks_for_tls(reply) else reply

    def _end(self) -> ClientState:
        # Replies of the wrong kind on a session that was used before: an unasked reply may have shifted all of them.
        is_stale = self._has_served and not self._is_fit
        self.events.append(TransactionEnded(self._plan.results, is_stale=is_stale))
        return self._become_ready_again()

    def _become_ready_again(self) -> ClientState:
        if self._peer.has_pipelining:
            self._reader.allow_noise(0)
        self._has_served = True
        return ClientState.IDLE if self._is_fit else self._send_quit()
