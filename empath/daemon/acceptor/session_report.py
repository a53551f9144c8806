"""session_report - what is told of a receiving session: to the log, to the metrics, to the view `refusal`"""

import time

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.process.failed_dialogues import Failure
from empath.smtp.server.session import Refusal
from empath.smtp.server.states import ServerSignal
from empath.smtp.transcript import RecentTranscript
from empath.telemetry.occurrences.acceptor import Refused, SessionBegan, SessionEnded


def report_begin(context: ListenerContext, client: Client) -> None:
    """Tell that *client* has come."""
    if context.emit.wants(SessionBegan):
        context.emit(SessionBegan(client=client.address_text, listener=context.address))


def report_refusal(context: ListenerContext, client: Client, refusal: Refusal, sender: str | None) -> None:
    """Count a refusal, and tell of it. *sender* is the reverse-path of the last transaction."""
    stage = refusal.signal
    context.tally.count(refusal.reply, str(stage))
    account = None if client.account is None else client.account.name
    sender = refusal.path if stage is ServerSignal.MAIL else sender
    recipient = refusal.path if stage is ServerSignal.RCPT else None
    context.refusal_rows.note(
        refusal.reply,
        client=client.address_text,
        listener=context.address,
        stage=str(stage),
        name=client.name,
        account=account,
        sender=sender,
        recipient=recipient,
    )
    if not context.refusals.admit(client.address_text, time.monotonic()):
        return
    context.emit(
        Refused(
            client=client.address_text,
            listener=context.address,
            account=account,
            name=client.name,
            ptr=client.verified_name,
            sender=sender,
            recipient=recipient,
            stage=str(stage),
            reply=str(refusal.reply),
        )
    )


def keep_failure(
    context: ListenerContext, client: Client, refusal: Refusal, sender: str | None, transcript: RecentTranscript
) -> None:
    """Keep what was said until *refusal*, and after it; *sender* as in `report_refusal`."""
    if context.dialogues.failed is not None:
        failure = Failure(
            stage=str(refusal.signal),
            reply=refusal.reply,
            listener=context.address,
            client=client.address_text,
            account=None if client.account is None else client.account.name,
            sender=refusal.path if refusal.signal is ServerSignal.MAIL else sender,
        )
        context.dialogues.failed.note(failure, transcript)


def report_end(context: ListenerContext, client: Client, reason: str, messages: int, duration_s: float) -> None:
    """Tell that *client* has gone, for *reason*, after that many *messages* that were accepted."""
    if context.emit.wants(SessionEnded):
        context.emit(
            SessionEnded(
                client=client.address_text, name=client.name, reason=reason, messages=messages, duration_s=duration_s
            )
        )
