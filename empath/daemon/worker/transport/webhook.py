"""
webhook - the transport to an HTTP endpoint

One POST for a message, or for each recipient.  Its status decides (policy/webhook).  The content is read twice: the
signature, which covers it, goes before it.  The last piece leaves only while the worker may still deliver.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import gevent

from empath.config.tables.transports import Webhook
from empath.daemon.worker.connection import Abandoned, Permission
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import EnhancedStatus, Reply
from empath.mail.url import parse_secure_url
from empath.net.http_client import Fields, HttpAnswer, HttpEndpoint, HttpFailed, HttpRequest
from empath.net.next_hop import HostFinder
from empath.net.stream import StreamClosed, StreamTimeout
from empath.policy.attempt import outcome_of
from empath.policy.hosts.search import NoHost
from empath.policy.routing import SmtpRoute
from empath.policy.webhook import begin_signature, header_text, reply_of, retry_after_s, signature_field
from empath.storage.queue.lease import LeasedRecipient

_MOST_OCTETS: Final = 64 * 1024  # of an answer
_BASE64_OCTETS: Final = 57 * 1024  # of content that become base64 at once: a multiple of 3
_GRACE_S: Final = 5.0  # after which a wait ends that no deadline of the socket ended
_UNREACHABLE: Final = EnhancedStatus(4, 4, 1)
_LOST: Final = EnhancedStatus(4, 4, 2)
_AFTER: Final = "; the message may be delivered twice"
_ABOUT_US: Final = "empath"


class WebhookCarrier:
    """Send messages to one endpoint."""

    waits_for_hosts = True
    exchangers: tuple[str, ...] = ()

    def __init__(self, webhook: Webhook, destination: str, finder: HostFinder) -> None:
        self._webhook = webhook
        self._destination = destination
        self._finder = finder
        self._host = parse_secure_url(webhook.url).hostname or ""
        self.is_failing = False

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        groups = [job.recipients] if self._webhook.per == "message" else [[each] for each in job.recipients]
        for recipients in groups:
            started_at, began = time.time(), time.monotonic()
            delivery = _Delivery(self._webhook, job, recipients)
            said, answer = self._deliver(delivery)
            attempt = Attempt(
                self._destination, started_at, time.monotonic() - began, self._host, answer.peer if answer else None
            )
            is_in_doubt = said.stage is Stage.END_OF_DATA
            wait_s = retry_after_s(answer.fields.get("retry-after", ""), time.time()) if answer is not None else None
            yield HostAttempt(
                attempt, [Answer(each, said, outcome_of(said), is_in_doubt, wait_s) for each in recipients]
            )

    def _deliver(self, delivery: "_Delivery") -> tuple[Said, HttpAnswer | None]:
        webhook = self._webhook
        self.is_failing = False
        try:
            secret = None if webhook.secret_file is None else webhook.secret_file.read_bytes().strip()
        except OSError as exc:
            return self._without_secret(exc.strerror or str(exc)), None
        if secret == b"":
            return self._without_secret("it is empty"), None
        request = delivery.request(secret, int(time.time()))
        parts = parse_secure_url(webhook.url)
        endpoint = HttpEndpoint(parts, ca_file=webhook.ca_file, addresses_of=self._addresses_of)
        try:
            with gevent.Timeout(webhook.timeout_s + _GRACE_S, HttpFailed("timed out")):
                answer = endpoint.ask(
                    request, timeout_s=webhook.timeout_s, most_octets=_MOST_OCTETS, status_counts=True
                )
        except HttpFailed as exc:
            return self._failed(str(exc), delivery.is_sent, exc.has_connected), None
        except StreamTimeout as exc:  # the lease cut this one short
            return self._failed(str(exc), delivery.is_sent, has_connected=True), None
        except StreamClosed as exc:  # thrown by the lease past the end of the request, or no descriptor is left
            if not delivery.is_sent:
                raise
            return self._failed(str(exc), delivery.is_sent, has_connected=True), None
        self.is_failing = answer.status >= 500
        return Said(Stage.LOCAL, reply_of(self._host, answer.status, answer.body)), answer

    def _without_secret(self, why: str) -> Said:
        self.is_failing = True
        return Said(Stage.LOCAL, Reply(451, EnhancedStatus(4, 3, 5), f"{self._webhook.secret_file}: {why}"))

    def _failed(self, why: str, is_sent: bool, has_connected: bool) -> Said:
        self.is_failing = True
        if is_sent:
            return Said(Stage.END_OF_DATA, Reply(451, _LOST, f"{self._host}: {why}{_AFTER}"))
        if has_connected:
            return Said(Stage.CONTENT, Reply(451, _LOST, f"{self._host}: {why}"))
        return Said(Stage.CONNECT, Reply(451, _UNREACHABLE, f"connect to {self._host}: {why}"))

    def _addresses_of(self, host: str) -> list[str]:
        found = self._finder.find(SmtpRoute(host, parse_secure_url(self._webhook.url).port or 443), host)
        if isinstance(found, NoHost):
            raise HttpFailed(found.reply.text, has_connected=False)
        return [each.address for each in found]


class _Delivery:
    """One message for some of its recipients, as one request."""

    def __init__(self, webhook: Webhook, job: DeliveryJob, recipients: list[LeasedRecipient]) -> None:
        self._webhook = webhook
        self._job = job
        self._addresses = [each.address for each in recipients]
        self.is_sent = False  # all of it, or the last piece is on its way

    def request(self, secret: bytes | None, now: int) -> HttpRequest:
        """
        The request, signed with *secret*.

        Raises:
            ContentGone, StorageFailure: the content cannot be read, or is damaged.
        """
        is_json = self._webhook.format == "json"
        envelope, pieces, length = self._json() if is_json else self._raw()
        fields = [("User-Agent", _ABOUT_US), ("Idempotency-Key", f'"{self._key()}"'), ("Empath-Timestamp", str(now))]
        fields += [("Content-Type", "application/json" if is_json else "message/rfc822"), *envelope]
        # The octets are those that were accepted, or nothing is sent: `pieces` raises at the end if they are not.
        signature = None if secret is None else begin_signature(secret, now)
        if signature is not None and not is_json:
            signature.update("".join(f"{name}: {value}\n" for name, value in envelope).encode() + b"\n")
        for piece in pieces():
            if signature is not None:
                signature.update(piece)
        if signature is not None:
            fields.append(signature_field(signature))
        return HttpRequest("POST", fields, self._until_the_end(pieces(), self._job.may_end), length)

    def _key(self) -> str:
        """The same for each attempt of one message for the same recipients."""
        digest = hashlib.sha256("\n".join(self._addresses).encode()).hexdigest()
        return f"{self._job.message.queue_id}-{digest[:16]}"

    def _json(self) -> tuple[Fields, Callable[[], Iterable[bytes]], int]:
        job = self._job
        size = job.body.size
        known = {
            "queue_id": job.message.queue_id,
            "sender": job.message.mail_from,
            "recipients": self._addresses,
            "size": size,
        }
        head = json.dumps(known)[:-1].encode() + b', "content": "'
        tail = b'"}'

        def pieces() -> Iterator[bytes]:
            held = head
            for each in _base64(job.body.pieces_in_hub()):
                yield held
                held = each
            yield held + tail

        return (), pieces, len(head) + -(-size // 3) * 4 + len(tail)

    def _raw(self) -> tuple[Fields, Callable[[], Iterable[bytes]], int]:
        job = self._job
        envelope = [
            ("Empath-Queue-Id", job.message.queue_id),
            ("Empath-Sender", f"<{header_text(job.message.mail_from)}>"),
            *(("Empath-Recipient", f"<{header_text(address)}>") for address in self._addresses),
        ]
        return envelope, job.body.pieces_in_hub, job.body.size

    def _until_the_end(self, pieces: Iterable[bytes], may_end: Permission) -> Iterator[bytes]:
        """All *pieces*; the last one only if *may_end* says so."""
        held = b""
        for piece in pieces:
            if held:
                yield held
            held = piece
        if not may_end():
            raise Abandoned("given up before the end of the request")
        self.is_sent = True
        yield held


def _base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The base64 of all *pieces* together."""
    held = b""
    for piece in pieces:
        held += piece
        whole = len(held) // 3 * 3
        for start in range(0, whole, _BASE64_OCTETS):
            yield base64.b64encode(held[start : min(start + _BASE64_OCTETS, whole)])
        held = held[whole:]
    yield base64.b64encode(held)
