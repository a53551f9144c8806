"""
python -m tests.bench.authentication - the cost of judging and of signing a message, and the longest step of a large one

It runs the code of an acceptor without its sessions. A message of 4 KiB has a signature of RSA, and all answers of the
DNS are in the cache. Signatures are made with one algorithm and with both. A body of 25 MB arrives in pieces, and is
judged and signed. The costs are the least of several rounds, because other work of the machine only ever adds; a step
is the CPU of the thread that serves all sessions.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from empath.authentication.arriving import ArrivingMessage, Wanted
from empath.authentication.canonical import SignedFields
from empath.authentication.disposition import Action
from empath.authentication.sign import SIGNED_FORM
from empath.authentication.signer import Signer
from empath.authentication.signing_key import SigningKey
from empath.config import load_config
from empath.config.tables.authentication import ListenerAuthentication
from empath.daemon.acceptor.authentication import Authenticator, MessageCheck, OverrideRows
from empath.daemon.acceptor.content import ContentBudget, IncomingContent
from empath.mail.address import ReversePath
from empath.mail.identity import QueueId, Timestamp
from empath.mail.lookup import Absent, LookupAnswer, Question, Texts
from empath.message.fields import Fields
from empath.net.dns_cache import CachingResolver
from empath.storage.spool import SpoolFile
from tests.kit.process import configuration

from .traffic import RECIPIENT, SENDER

_DOMAIN: Final = SENDER.partition("@")[2]
_SMALL, _LARGE = 4096, 25_000_000
_PIECE: Final = 64 * 1024  # the most that a session reads at once
_HEADER_OCTETS: Final = 256 * 1024
_INLINE_OCTETS: Final = 256 * 1024
_LINE: Final = b"A line of the body of a message of the usual size, as people write it.\r\n"
_TURNS, _ROUNDS = 200, 7
_CLIENT: Final = ip_address("127.0.0.1")


class Zone:
    """A name server that knows the domain of the sender."""

    def __init__(self, record: str) -> None:
        self.asked = 0
        self._texts = {
            f"s1._domainkey.{_DOMAIN}": record,
            _DOMAIN: "v=spf1 ip4:127.0.0.0/8 -all",
            f"_dmarc.{_DOMAIN}": "v=DMARC1; p=reject",
        }

    def ask(self, question: Question, _within_s: float) -> LookupAnswer:
        """As of a resolver."""
        self.asked += 1
        text = self._texts.get(question.name)
        return Absent("NXDOMAIN", 3600.0) if text is None else Texts((text,), 3600.0)


class NoRows:
    """A queue without exceptions."""

    def rows(self, _name: str, _keys: object) -> list[object]:
        """As of a reader."""
        return []


class Measured:
    """What is measured: a host that judges and signs."""

    def __init__(self, folder: Path) -> None:
        (folder / "empath.toml").write_text(configuration(2525, ""))
        config = load_config(folder / "empath.toml")
        self.first = first = SigningKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        second = SigningKey(ed25519.Ed25519PrivateKey.generate())
        self._folder = folder
        self._numbers = itertools.count()
        self.zone = Zone(first.record)
        self.of_rsa = Signer({_DOMAIN: [("s1", first)]})
        self.of_both = Signer({_DOMAIN: [("s1", first), ("s2", second)]})
        self._authenticator = Authenticator(
            config,
            ListenerAuthentication(spf=True, dkim=True, arc=True, dmarc="reject"),
            CachingResolver(self.zone, question_s=5.0),
            OverrideRows(NoRows()),  # type: ignore[arg-type]
            counts={},
            receiver="mx.example",
        )

    def message(self, octets: int) -> bytes:
        """A message of that size."""
        named = {
            "From": SENDER,
            "To": RECIPIENT,
            "Date": formatdate(),
            "Message-ID": f"<{next(self._numbers)}@{_DOMAIN}>",
            "Subject": "a message of the usual size",
        }
        header = b"%b\r\n" % "".join(f"{name}: {value}\r\n" for name, value in named.items()).encode()
        return header + _LINE * ((octets - len(header)) // len(_LINE))

    def check(self) -> MessageCheck:
        """The judgement of a message that begins."""
        return self._authenticator.begin(_CLIENT, f"mail.{_DOMAIN}", ReversePath.parse(SENDER))

    def content(self, wanted: Wanted) -> IncomingContent:
        """The content of a message that begins."""
        queue_id = QueueId.make(Timestamp(0.0), next(self._numbers).to_bytes(10, "big"))
        return IncomingContent(
            ContentBudget(inline_octets=_INLINE_OCTETS, limit_octets=1 << 30),
            lambda: SpoolFile(self._folder, "node", queue_id),
            queue_id=queue_id,
            begun_at=Timestamp(0.0),
            header_octets=_HEADER_OCTETS,
            arriving=ArrivingMessage(_HEADER_OCTETS, [wanted]),
        )

    def arrived(self, message: bytes, wanted: Wanted) -> IncomingContent:
        """The content of *message*, complete."""
        content = self.content(wanted)
        content.add(message)
        content.finish()
        return content

    def signed(self, message: bytes, signer: Signer) -> bytes:
        """*message* with the signatures of *signer*, hashed and made as an acceptor does it."""
        content = self.arrived(message, lambda _: (SIGNED_FORM,))
        fields = SignedFields(Fields.of(content.header(_HEADER_OCTETS)))
        domains = signer.domains(fields, lambda _: True)
        made = signer.sign(fields, content.body_digests, domains, time.time())
        content.close()
        return made + message

    def judge(self, message: bytes) -> None:
        """Judge *message*, whose author is proven."""
        check = self.check()
        content = self.arrived(message, check.body_forms)
        judged = check.judge(content, _HEADER_OCTETS)
        assert judged.disposition.action is Action.TAG, judged.disposition
        assert b"dmarc=pass" in judged.field
        check.close()
        content.close()

    def arrive(self, message: bytes) -> None:
        """Receive *message* without a word about who sent it."""
        self.arrived(message, lambda _: ()).close()


def least_us(call: Callable[[bytes], object], messages: Sequence[bytes]) -> float:
    """CPU of one *call*, in µs: each message is another one, but in each round they are the same."""
    rounds = []
    for _ in range(_ROUNDS):
        began_s = time.process_time()
        for message in messages:
            call(message)
        rounds.append((time.process_time() - began_s) / len(messages))
    return min(rounds) * 1e6


def steps_ms(host: Measured, message: bytes) -> list[tuple[float, str]]:
    """CPU of the thread in each step of a large message that is judged and signed, in ms, the longest first."""
    steps: list[tuple[float, str]] = []

    def step(name: str, call: Callable[[], object]) -> None:
        began_s = time.thread_time()
        call()
        steps.append(((time.thread_time() - began_s) * 1000, name))

    check = host.check()
    content = host.content(lambda fields: (*check.body_forms(fields), SIGNED_FORM))
    for start in range(0, len(message), _PIECE):
        step("a piece of the body", partial(content.add, message[start : start + _PIECE]))
    step("the end", content.finish)
    step("the judgement", lambda: check.judge(content, _HEADER_OCTETS))
    fields = SignedFields(Fields.of(content.header(_HEADER_OCTETS)))
    step("the signatures", lambda: host.of_both.sign(fields, content.body_digests, (_DOMAIN,), time.time()))
    content.close()
    return sorted(steps, reverse=True)


def main() -> None:
    """Measure, and print a line for each figure."""
    with TemporaryDirectory() as folder:
        host = Measured(Path(folder))
        plain = [host.message(_SMALL) for _ in range(_TURNS)]
        signed = [host.signed(message, host.of_rsa) for message in plain]
        host.judge(signed[0])
        print(f"questions about the first message: {host.zone.asked}")
        arrival_us = least_us(host.arrive, signed)
        print(f"judge, 4 KiB, answers in the cache: {least_us(host.judge, signed) - arrival_us:.0f} us CPU")
        arrival_us = least_us(host.arrive, plain)
        for name, signer in (("RSA", host.of_rsa), ("RSA and Ed25519", host.of_both)):
            sign = partial(host.signed, signer=signer)
            print(f"sign, 4 KiB, {name}: {least_us(sign, plain) - arrival_us:.0f} us CPU")
        print(f"the arithmetic of RSA alone: {least_us(host.first.sign, plain):.0f} us CPU")
        large = host.signed(host.message(_LARGE), host.of_rsa)
        longest, name = steps_ms(host, large)[0]
        print(f"longest step, 25 MB: {longest:.1f} ms CPU, {name}")


if __name__ == "__main__":
    main()
