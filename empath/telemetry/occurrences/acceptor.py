"""acceptor - what the process that receives mail reports"""

from typing import Annotated

from empath.telemetry.occurrence import Occurrence, occurrence
from empath.telemetry.occurrences.fields import (
    AccountName,
    Client,
    ClientName,
    ClientPtr,
    DurationS,
    ErrorText,
    MechanismName,
    MilterName,
    QueueId,
    Recipient,
    Recipients,
    ReplyText,
    Sender,
    Traceback,
)


@occurrence("info")
class Accepted(Occurrence):
    """A message is durably queued, and the client gets 250."""

    queue_id: QueueId
    sender: Sender
    recipients: Recipients
    size: Annotated[int, "octets of the message"]
    client: Client
    protocol: Annotated[str, "`smtp`, `lmtp` or `http`"]
    account: Annotated[str | None, "name of the account by which the client has logged in"]
    name: ClientName
    ptr: ClientPtr
    message_id: Annotated[str | None, "Message-ID of the header, if it has one"]
    signed_by: Annotated[str | None, "keys that signed it, each as domain:selector"]
    forwarded_as: Annotated[str | None, "sender of its copies that are forwarded, if [srs] has made one"]
    sealed_by: Annotated[
        str | None, "key that sealed it by ARC, as domain:selector, with the number and cv= of the set"
    ]
    tls_version: Annotated[str | None, "version of TLS, if the client used it"]
    tls_cipher: Annotated[str | None, "cipher suite of TLS, if the client used it"]
    duration_s: DurationS
    spf: Annotated[str | None, "result of SPF for the sender, if the listener asks for it"]
    dkim: Annotated[str | None, "result of DKIM, of several signatures the best, if the listener asks for it"]
    arc: Annotated[str | None, "result of ARC, if the listener asks for it"]
    dmarc: Annotated[str | None, "result of DMARC, if the listener asks for it"]


@occurrence("warning")
class NotSealed(Occurrence):
    """A message that [arc] wants sealed goes on without a seal."""

    queue_id: QueueId
    reason: Annotated[str, "what is missing"]


@occurrence("info")
class Disposed(Occurrence):
    """DMARC finds a message to be false, and it is refused, held or sent to the quarantine."""

    queue_id: QueueId
    client: Client
    sender: Sender
    author: Annotated[str, "domain in From, empty if it is not certain; several with blanks between them"]
    action: Annotated[str, "`reject`, `hold` or `quarantine-route`"]
    reason: Annotated[str, "what the domain asks for, and what was found"]
    spf: Annotated[str | None, "result of SPF for the sender"]
    dkim: Annotated[str | None, "result of DKIM"]
    arc: Annotated[str | None, "result of ARC, if the listener asks for it"]
    dmarc: Annotated[str | None, "result of DMARC"]


@occurrence("info")
class Refused(Occurrence):
    """A client got a 4yz or 5yz reply, or was sent away because it does not speak SMTP."""

    client: Client
    listener: Annotated[str, "address of the listener"]
    account: Annotated[str | None, "name of the account that logged in"]
    name: ClientName
    ptr: ClientPtr
    sender: Annotated[str | None, "reverse path as the client gave it"]
    recipient: Annotated[str | None, "forward path as the client gave it, where RCPT was refused"]
    stage: Annotated[str, "the command, `end of data`, or what ended the session"]
    reply: ReplyText


@occurrence("info")
class Deduplicated(Occurrence):
    """A client sent a message again, and gets 250 with the id of the first one."""

    queue_id: QueueId
    sender: Sender
    client: Client


@occurrence("info")
class LoginSucceeded(Occurrence):
    """A client has logged in."""

    client: Client
    account: AccountName
    mechanism: MechanismName


@occurrence("warning")
class LoginFailed(Occurrence):
    """A client could not log in: the name or the password is wrong, or the account is disabled."""

    client: Client
    account: Annotated[str | None, "name that the client gave, if there is such an account"]
    mechanism: MechanismName


@occurrence("error")
class LoginUnavailable(Occurrence):
    """A client could not log in because a back end of [auth] did not answer; it hears 454."""

    client: Client
    reason: Annotated[str, "the back end and what failed"]


@occurrence("warning")
class RefusalsLeftOut(Occurrence):
    """Too many refusals came within a second for a line each."""

    count: Annotated[int, "number of refusals that have no line"]


@occurrence("debug")
class SessionBegan(Occurrence):
    """A client was admitted."""

    client: Client
    listener: Annotated[str, "address of the listener"]


@occurrence("debug")
class ClientDialogue(Occurrence):
    """A client said something, or heard it. Passwords and content are never shown, only their sizes."""

    client: Client
    listener: Annotated[str, "address of the listener"]
    session: Annotated[int, "number of the session in its process, as in the view `session`"]
    speaker: Annotated[str, "`client`, `server`, or `note` for what happened in between"]
    text: Annotated[str, "the command, or one line of a reply"]


@occurrence("debug")
class SessionEnded(Occurrence):
    """A session with a client is over."""

    client: Client
    name: ClientName
    reason: Annotated[str, "why it ended"]
    messages: Annotated[int, "number of messages accepted"]
    duration_s: DurationS


@occurrence("info")
class TlsNotBegun(Occurrence):
    """The handshake of TLS with a client failed, and its connection was closed."""

    client: Client
    listener: Annotated[str, "address of the listener"]
    error: ErrorText


@occurrence("warning")
class CertificateExpires(Occurrence):
    """A certificate expires within three weeks, or has expired. A line a day, and at each start."""

    file: Annotated[str, "path of the certificate"]
    names: Annotated[str, "host names that it is for"]
    expires_at: Annotated[str, "its end, UTC"]
    state: Annotated[str, "the days until or since then, in words"]


@occurrence("warning")
class MessageRefused(Occurrence):
    """A message was refused for now because this host could not store it."""

    queue_id: QueueId
    client: Client
    reason: Annotated[str, "why"]


@occurrence("warning")
class ConnectionRefused(Occurrence):
    """A connection was refused because a limit of connections is reached."""

    client: Client
    listener: Annotated[str, "address of the listener"]
    reply: ReplyText


@occurrence("info")
class OriginKnown(Occurrence):
    """An accepted message came from elsewhere before, as its client says by XFORWARD."""

    queue_id: QueueId
    origin: Annotated[str, "name and address of the first client, and the queue id at the host that it sent to"]


@occurrence("warning")
class ProxyRefused(Occurrence):
    """A connection from a network of `proxy_protocol` was closed because no header named the client."""

    proxy: Annotated[str, "IP address of the proxy"]
    listener: Annotated[str, "address of the listener"]
    error: ErrorText


@occurrence("warning")
class BlocklistUnusable(Occurrence):
    """A zone of [dnsbl] refuses to answer this host, and lists no client. There is one line for each zone."""

    zone: Annotated[str, "name of the zone"]
    answer: Annotated[str, "its answer, of 127.255.255.0/24"]


@occurrence("error")
class PickupFailed(Occurrence):
    """The directory of [pickup] cannot be read, or a file in it is no message and was set aside."""

    error: ErrorText


@occurrence("warning")
class PickupPutOff(Occurrence):
    """A message that a local program left cannot be taken in now."""

    file: Annotated[str, "name of the file in the directory of [pickup]"]
    reason: Annotated[str, "the reply that it got, or what failed"]
    wait_s: Annotated[float, "seconds until it is tried again"]


@occurrence("warning")
class PickupRefused(Occurrence):
    """A recipient of a message that a local program left was refused; its sender gets a report."""

    queue_id: QueueId
    account: Annotated[str, "uid- and the number of the user that left it"]
    recipient: Recipient
    reply: ReplyText


@occurrence("warning")
class LimitUnusable(Occurrence):
    """A row of the view `listener_limit` cannot be used, and is left out."""

    listener: Annotated[str, "its listener, or `*`"]
    setting: Annotated[str, "its setting, a key of [receiving.limits]"]
    error: ErrorText


@occurrence("error")
class SessionCrashed(Occurrence):
    """A bug in Empath ended a session."""

    client: Client
    error: ErrorText
    exception: Traceback


@occurrence("error")
class AcceptPaused(Occurrence):
    """The system lacks file descriptors or memory. New clients wait until the pause is over."""

    reason: Annotated[str, "error of the system"]
    pause_s: Annotated[float, "length of the pause in seconds"]


@occurrence("warning")
class SpaceChanged(Occurrence):
    """
    Disk space ran low and MAIL is refused, or there is space again and MAIL is accepted. It needs `[queue] reserve`, or
    one and a half times `[receiving.limits] message_size`, whichever is more.
    """

    has_space: Annotated[bool, "whether MAIL is accepted"]


@occurrence("error")
class SpaceUnknown(Occurrence):
    """The free disk space cannot be read, and MAIL is refused."""

    error: ErrorText


@occurrence("critical")
class QueueGone(Occurrence):
    """A file of the queue was removed or replaced while Empath had it open. MAIL is refused, nothing is delivered."""

    error: ErrorText


@occurrence("critical")
class QueueUnusable(Occurrence):
    """
    An acceptor that replaces another one cannot use the queue. Clients get 421, or 451 at MAIL, until another acceptor
    tries anew.
    """

    error: ErrorText


@occurrence("warning")
class RefusalsUnlisted(Occurrence):
    """The view `refusal` cannot be written; the refusals of that time are in the log only."""

    error: ErrorText


@occurrence("warning")
class SessionsUnlisted(Occurrence):
    """
    The view `session` cannot be kept up to date, or orders to close sessions cannot be read. The acceptor tries again.
    """

    error: ErrorText


@occurrence("error")
class OrdersUnread(Occurrence):
    """Orders given by INSERT INTO control could not be read or finished. The acceptor tries again."""

    error: ErrorText


@occurrence("warning")
class DmarcCountsLeftOut(Occurrence):
    """Messages are missing in reports of DMARC to other domains."""

    messages: Annotated[int, "number of messages"]
    error: ErrorText


@occurrence("info")
class MilterDecided(Occurrence):
    """A filter of [[milter]] refused, put off, held, discarded or changed a message, or refused a session."""

    queue_id: Annotated[str | None, "queue id of the message"]
    milter: MilterName
    client: Client
    sender: Annotated[str | None, "reverse path, within a message"]
    stage: Annotated[str, "`connect`, `helo`, `mail`, `rcpt`, `data`, `header`, `eoh`, `body` or `eom`"]
    verdict: Annotated[str, "`refused`, `put off`, `hold`, `discard` or `changed`"]
    changed: Annotated[str | None, "what it changed: `header`, `body`, `sender`, `recipients`, `hold`, `discard`"]
    reply: Annotated[str | None, "SMTP reply, escaped, if it refused"]


@occurrence("error")
class MilterFailed(Occurrence):
    """A filter of [[milter]] could not be reached, did not answer, or not rightly, and its `on_failure` answered."""

    milter: MilterName
    stage: Annotated[str, "what it was asked about, as in `milter_decided`"]
    error: ErrorText
    answer: Annotated[str, "what clients hear in its place"]


@occurrence("critical")
class MilterPaused(Occurrence):
    """
    A filter of [[milter]] cannot be reached, or has failed several times in a row. This process does not ask it for a
    while, and its `on_failure` answers at once. It is tried again by itself.
    """

    milter: MilterName
    failures: Annotated[int, "failures in a row"]


@occurrence("info")
class MilterBack(Occurrence):
    """A filter that was paused is asked again."""

    milter: MilterName
