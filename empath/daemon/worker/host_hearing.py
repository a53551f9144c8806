"""host_hearing - who listens to the dialogue with one host, as messages and listeners come and go"""

from typing import Final

from empath.daemon.process.dialogues import Dialogue, Dialogues, Hearing
from empath.daemon.process.failed_dialogues import Failure
from empath.daemon.worker.cargo import Cargo, as_occurrence
from empath.mail.fate import Said
from empath.policy.hosts.search import Host
from empath.smtp.client.session import ClientSession
from empath.telemetry.occurrences.worker import HostDialogue

_ASK_AGAIN: Final = -1  # in place of the number of those who listen


class HostHearing:
    """
    What is heard of one connection.

    `dialogues` knows who listens. While `number` is not its number, who listens may have changed: call `renew`.
    `heard` is None while nobody listens; only then may `tell` be left out. `recent` is None where no dialogue is kept.
    """

    __slots__ = ("_host", "_session", "cargo", "dialogues", "heard", "number", "recent")

    def __init__(self, dialogues: Dialogues, host: Host, session: ClientSession, cargo: Cargo | None) -> None:
        self.dialogues = dialogues
        self.number = dialogues.beginning
        self.heard: Hearing | None = None
        self.cargo = cargo
        self._host = host
        self._session = session
        self.recent = session.transcript = dialogues.recent()

    def begin(self, cargo: Cargo | None) -> None:
        """From now on the connection is for *cargo*, so others may listen."""
        self.cargo = cargo
        if self.recent is not None:
            self.recent.begin()
        self.number = self.dialogues.beginning if self.heard is None else _ASK_AGAIN

    def renew(self) -> None:
        """Find out who listens from now on, and have the session keep a transcript for them."""
        self.tell()
        cargo, host = self.cargo, self._host
        self.number = self.dialogues.number
        self.heard = None
        if cargo is not None:
            dialogue = Dialogue(_named(host), 0, cargo.destination, cargo.queue_id)
            self.heard = self.dialogues.hearing(dialogue, cargo.abouts, HostDialogue, as_occurrence, self.recent)
        self._session.transcript = self.recent if self.heard is None else self.heard.transcript

    def note(self, text: str) -> None:
        """Add what happened to the dialogue besides its lines."""
        if self._session.transcript is not None:
            self._session.transcript.note(text)

    def tell(self) -> None:
        """Pass on what was said since the last time."""
        if self.heard is not None:
            self.heard.tell()

    def fail(self, said: Said) -> None:
        """Keep what was said, because it ended with *said*."""
        failed, cargo = self.dialogues.failed, self.cargo
        if self.recent is None or failed is None or cargo is None:
            return
        self.tell()
        failure = Failure(
            stage=str(said.stage),
            reply=said.reply,
            queue_id=cargo.queue_id,
            destination=cargo.destination,
            host=_named(self._host),
            sender=cargo.message.mail_from,
        )
        failed.note(failure, self.recent)


def _named(host: Host) -> str:
    return host.peer if host.is_socket else f"{host.name}[{host.address}]:{host.port}"
