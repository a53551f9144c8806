"""
editing - the edits of modules or of a filter on one message, judged one by one and carried out together

Nothing of the message changes before `carry_out`, so edits that are not carried out leave it as it was.  A recipient
that an edit adds gives way to the targets of its aliases, and needs a route.
"""

from collections.abc import Callable, Mapping, Sequence

from empath.daemon.acceptor.content import IncomingContent
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.judging import targets_of
from empath.daemon.acceptor.transaction import Transaction
from empath.mail.address import Address
from empath.mail.envelope import Recipient
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.modules.edits import MAX_RECIPIENTS, Edit, Edited, Hold, SetSender, WrongEdit
from empath.storage.queue.accept import ArrivalOrder

_NONE: Mapping[Address, Recipient] = {}


class MessageEditing:
    """Edits of the message of one *transaction*, whose *content* is complete."""

    def __init__(
        self,
        context: ListenerContext,
        transaction: Transaction,
        content: IncomingContent,
        *,
        make_field: Callable[[str, str], bytes] | None = None,
    ) -> None:
        """*make_field* as in `Edited`."""
        self._context = context
        self._transaction = transaction
        self._content = content
        header = transaction.added.edited_header(content).copy()
        self.edited = Edited(transaction.recipients.addresses, header, make_field)
        self._known = {*self.edited.recipients}

    def apply(self, edit: Edit) -> None:
        """
        Judge one edit.

        Raises:
            WrongEdit: it is not possible.
        """
        edited = self.edited
        before, sender = edited.recipients, edited.sender
        try:
            edited.apply(edit)
            if isinstance(edit, SetSender):
                self._hold_routes(edited.recipients)
            if edited.recipients is not before:
                edited.recipients = self._expanded(edited.recipients)
                self._known.update(edited.recipients)
        except WrongEdit:
            edited.recipients, edited.sender = before, sender
            raise

    def carry_out(self, who: str, more: Mapping[Address, Recipient] = _NONE) -> None:
        """
        Change the message. *who* is the author of an order, *more* what is asked for new recipients.

        Raises:
            StorageFailure: the content cannot be written anew.
        """
        edited, transaction, content = self.edited, self._transaction, self._content
        if edited.sender is not None:
            transaction.change_sender(edited.sender)
        transaction.deliver_to(edited.recipients, more)
        header = transaction.added.header = edited.header
        if edited.body is not None:
            content.replace_body(b"".join(header.content), edited.body)
            header.settle()
        elif header.is_content_changed:
            content.replace_header(header.original, b"".join(header.content))
            header.settle()
        if edited.order is not None:
            status = RecipientStatus.HELD if isinstance(edited.order, Hold) else RecipientStatus.CANCELLED
            transaction.order = ArrivalOrder(status, who, edited.order.reason)

    def _expanded(self, recipients: Sequence[Address]) -> list[Address]:
        """*recipients*, where those that are not known yet have given way to the targets of their aliases."""
        known = self._known
        settled: dict[Address, None] = {}
        for address in recipients:
            targets = (address,) if address in known else targets_of(self._context, address, is_known=True)
            if isinstance(targets, Reply):
                raise WrongEdit(f"{address}: {targets}")
            self._hold_routes([target for target in targets if target not in known])
            settled.update(dict.fromkeys(targets))
        if len(settled) > MAX_RECIPIENTS:
            raise WrongEdit(f"a message has at most {MAX_RECIPIENTS} recipients")
        return [*settled]

    def _hold_routes(self, addresses: Sequence[Address]) -> None:
        sent_by, sender = self._transaction.sent_by, self.edited.sender
        if sender is not None:
            sent_by = sent_by._replace(sender=str(sender))
        for address in addresses:
            if self._context.rules.router.decide(str(address), address.domain, sent_by).route is None:
                raise WrongEdit(f"there is no route to {address}")
