"""
message - show a whole message to one filter, and carry out what it wants of it

A filter sees the message as those before it have left it, with the results of authentication on top.  What it wants is
done as a whole, or not at all: a change that cannot be is a failure of the filter.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from empath.daemon.acceptor.content import ContentBudget, IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.editing import MessageEditing
from empath.daemon.acceptor.milters.changes import Given, edits_of
from empath.daemon.acceptor.milters.connection import FilterFailed
from empath.daemon.acceptor.milters.conversation import Conversation, Interest
from empath.daemon.acceptor.transaction import Transaction
from empath.errors import ServiceUnavailable
from empath.mail.reply import Reply
from empath.modules.edits import Discard, Hold, Redirect, ReplaceBody, SetSender, WrongEdit, folded_field
from empath.smtp.milter.answers import (
    BodyReplaced,
    Change,
    FieldAdded,
    FieldChanged,
    FieldInserted,
    Verdict,
)
from empath.smtp.milter.flags import BODY_OCTETS, Stage, Step
from empath.smtp.milter.requests import field_data

_KINDS: Final = {SetSender: "sender", Redirect: "recipients", ReplaceBody: "body", Hold: "hold", Discard: "discard"}


class Shown(NamedTuple):
    """
    What one filter made of a message. Shape: refusal is None if it goes on, else stage is where it came; changed are
    words for what is changed, sorted.
    """

    refusal: Reply | None
    stage: Stage
    changed: tuple[str, ...] = ()


class MemoryForChanges:
    """Counts the octets that a filter gives for a message, within the memory for unfinished messages."""

    def __init__(self, context: ListenerContext) -> None:
        self._budget: ContentBudget = context.budget
        self._header_octets = context.configured.header_octets
        self._body_octets = context.limits.message_octets
        self._fields = 0
        self._others = 0
        self._body = 0

    def hold(self, change: Change) -> None:
        """
        Count one change.

        Raises:
            FilterFailed: it makes a header or a body larger than a message may have, or gives as much of other text.
            ServiceUnavailable: this process has no memory for it.
        """
        if isinstance(change, BodyReplaced):
            self._body += len(change.octets)
            self._budget.held_octets += len(change.octets)
            if self._body > self._body_octets:
                raise FilterFailed(f"it gives a body of more than {self._body_octets} octets")
            if self._body > self._budget.inline_octets and self._budget.held_octets > self._budget.limit_octets:
                raise ServiceUnavailable("no memory for the body that a filter gives ([queue] memory_size)")
        elif isinstance(change, FieldAdded | FieldInserted | FieldChanged):
            self._fields += len(change.name) + len(change.value)
            if self._fields > self._header_octets:
                raise FilterFailed(f"it gives fields of more than {self._header_octets} octets")
        else:
            texts = (getattr(change, name, b"") for name in ("path", "parameters", "reason"))
            self._others += sum(map(len, texts))
            if self._others > self._header_octets:
                raise FilterFailed(f"it gives addresses and reasons of more than {self._header_octets} octets")

    def free(self) -> None:
        """The changes are carried out or forgotten."""
        self._budget.held_octets -= self._body
        self._body = 0


class FilteredMessage:
    """
    A message whose *content* is complete, on its way from filter to filter. *given* are its recipients as the filters
    were told of them; *macros* are those of the message.
    """

    def __init__(
        self,
        context: ListenerContext,
        transaction: Transaction,
        content: IncomingContent,
        *,
        macros: Mapping[str, str],
        given: Given,
    ) -> None:
        self._context = context
        self._transaction = transaction
        self._content = content
        self._macros = macros
        self._given = given

    def show(self, conversation: Conversation) -> Shown:
        """
        Show it to one filter, and carry out what that wants.

        Raises:
            StorageFailure: the content cannot be read, or not written anew.
            ServiceUnavailable: there is no memory for the changes.
        """
        memory = MemoryForChanges(self._context)
        stage = Stage.FIELD
        try:
            for stage, data in self._requests(conversation):
                answer = conversation.connection.ask(stage, data, self._macros)
                if answer is Verdict.SKIP:
                    break
                if answer is not Verdict.CONTINUE:
                    refusal = conversation.take(answer, stage)
                    conversation.asked.succeeded()
                    return Shown(refusal, stage)
            stage = Stage.END_OF_MESSAGE
            verdict, changes = conversation.connection.ask_at_end(self._macros, memory.hold)
            shown = Shown(conversation.take(verdict, stage), stage)
            conversation.end_at_filter()
            if shown.refusal is None and conversation.interest is not Interest.DISCARDED and changes:
                shown = shown._replace(changed=self._carry_out(conversation, changes))
            conversation.asked.succeeded()
        except WrongEdit as exc:
            return Shown(conversation.fail(stage, FilterFailed(str(exc))), stage)
        except FilterFailed as exc:
            return Shown(conversation.fail(stage, exc), stage)
        except ServiceUnavailable:
            conversation.hang_up()
            raise
        else:
            return shown
        finally:
            memory.free()

    def _requests(self, conversation: Conversation) -> Iterator[tuple[Stage, bytes]]:
        """What the filter is told between DATA and the end of the message."""
        agreement = conversation.connection.agreement
        keeps_blanks = Step.LEADING_BLANKS in agreement.steps
        header = self._transaction.added.edited_header(self._content)
        if agreement.sends(Stage.FIELD):
            for field in header.fields:
                data = field_data(field, keeps_blanks=keeps_blanks)
                if data is not None:
                    yield Stage.FIELD, data
        yield Stage.END_OF_HEADER, b""
        if agreement.sends(Stage.BODY):
            for piece in self._content.body(header.original):
                for at in range(0, len(piece), BODY_OCTETS):
                    yield Stage.BODY, piece[at : at + BODY_OCTETS]

    def _carry_out(self, conversation: Conversation, changes: list[Change]) -> tuple[str, ...]:
        """Words for what *changes* have changed."""
        context, transaction = self._context, self._transaction
        wanted = edits_of(
            changes,
            transaction.recipients.addresses,
            self._given,
            keeps_blanks=Step.LEADING_BLANKS in conversation.connection.agreement.steps,
            body_octets=context.limits.message_octets,
            line_octets=context.limits.line_octets,
        )
        editing = MessageEditing(context, transaction, self._content, make_field=folded_field)
        for edit in wanted.edits:
            editing.apply(edit)
        header_octets = context.configured.header_octets
        if editing.edited.header.size > header_octets:
            raise WrongEdit(f"the header would have more than {header_octets} octets")
        editing.carry_out(f"milter:{conversation.asked.name}", wanted.added)
        self._given = wanted.given
        return tuple(sorted({_KINDS.get(type(edit), "header") for edit in wanted.edits}))
