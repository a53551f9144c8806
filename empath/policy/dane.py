"""
dane - what the TLSA records of a host demand of a session with it, RFC 7672

THEORY
    DANE applies to a host only if DNSSEC protects everything that led to it: the MX records of the domain and the
    addresses of the host.  Then its TLSA records are looked up, at the name where the host's aliases end, and if there
    are none at the host's own name (RFC 7672 §2.2.2).
    `TlsaSearch` asks the questions and learns the answers, as HostSearch does; its driver asks the DNS.

RULES
    A failed look-up is never read as "no records": an attacker could make it fail, and take the demand away.
    Records that cannot be used still show that the host has TLS, so TLS is demanded without a check of the certificate.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from empath.mail.lookup import Failed, Kind, LookupAnswer, Question, Security, TlsaRecord, TlsaRecords

DANE_TA: Final = 2  # the record is about an issuer in the chain of the certificate, RFC 7218
DANE_EE: Final = 3  # the record is about the certificate of the host
FULL: Final = 0  # the record has the whole certificate or key
SHA_256: Final = 1
SHA_512: Final = 2
CERTIFICATE: Final = 0
PUBLIC_KEY: Final = 1
_DIGEST_OCTETS: Final = {SHA_256: 32, SHA_512: 64}


class TlsaState(StrEnum):
    """What was found."""

    NONE = "none"  # DANE does not apply: no secure records
    USABLE = "usable"  # the certificate must match a record
    UNUSABLE = "unusable"  # only records that cannot be used: TLS is demanded, without a check of the certificate
    FAILED = "failed"  # a look-up failed: this host gets no mail now


@dataclass(frozen=True, slots=True)
class TlsaFindings:
    """
    What the DNS says of the certificate of one host.

    Shape: records are the usable ones, at least one exactly for USABLE; base is the name whose records they are, and
    the name to send as SNI (RFC 7672 §8.1); names are those that a certificate under a DANE-TA record may have; why
    says for FAILED what failed, and for NONE why DANE does not apply.
    """

    state: TlsaState
    records: tuple[TlsaRecord, ...] = ()
    base: str = ""
    names: tuple[str, ...] = ()
    why: str = ""


NOT_ASKED: Final = TlsaFindings(TlsaState.NONE, why="DNSSEC is not used")


def is_usable(record: TlsaRecord) -> bool:
    """Whether *record* can be compared with a certificate: of a use for SMTP (RFC 7672 §3.1), and well-formed."""
    usage, selector, matching, data = record
    if usage not in (DANE_TA, DANE_EE) or selector not in (CERTIFICATE, PUBLIC_KEY):
        return False
    if matching == FULL:
        return bool(data)
    return _DIGEST_OCTETS.get(matching) == len(data)


class TlsaSearch:
    """
    The search for the TLSA records of one host.

    `wanted` are the questions to ask now, empty when the search is over; `learn` takes the answers; `findings` is the
    result.
    """

    def __init__(
        self,
        name: str,
        port: int,
        *,
        exchangers: Security,
        addresses: Security,
        alias_of: str = "",
        other_names: Iterable[str] = (),
    ) -> None:
        """
        Begin a search.

        Args:
            name: of the host, as the MX record or the route has it.
            exchangers: security of the MX records; SECURE where the host comes from the configuration.
            addresses: security of the host's addresses, with all aliases on the way.
            alias_of: the name where its aliases end, "" without aliases.
            other_names: further names that a certificate under a DANE-TA record may have, such as the domain.
        """
        self.wanted: tuple[Question, ...] = ()
        self.findings = NOT_ASKED
        self._name = name
        self._port = port
        self._names = tuple(dict.fromkeys((*([alias_of] if alias_of else []), name, *other_names)))
        self._bases: list[str] = []
        if Security.UNCHECKED in (exchangers, addresses):
            return
        if exchangers is not Security.SECURE:
            self._end("the MX records are not signed")
        elif addresses is Security.SECURE:
            self._bases = [alias_of, name] if alias_of else [name]
            self._want_next()
        elif alias_of:
            # The alias may be signed though its target is not: then the records of the alias count.
            self.wanted = (Question(name, Kind.CNAME),)
        else:
            self._end("the addresses are not signed")

    def learn(self, answers: Sequence[LookupAnswer]) -> None:
        """Take the answer to `wanted`."""
        [question], self.wanted = self.wanted, ()
        [answer] = answers
        if isinstance(answer, Failed):
            why = f"{question.name}: {question.kind} look-up failed: {answer.why}"
            self.findings = TlsaFindings(TlsaState.FAILED, base=self._name, why=why)
        elif question.kind is Kind.CNAME:
            if answer.security is Security.SECURE:
                self._bases = [self._name]
                self._want_next()
            else:
                self._end("the addresses are not signed")
        elif isinstance(answer, TlsaRecords) and answer.security is Security.SECURE:
            usable = tuple(filter(is_usable, answer.records))
            state = TlsaState.USABLE if usable else TlsaState.UNUSABLE
            base = question.name.split(".", 2)[2]
            self.findings = TlsaFindings(state, usable, base, self._names)
        elif self._bases:
            self._want_next()
        else:
            is_there = isinstance(answer, TlsaRecords)
            self._end("the TLSA records are not signed" if is_there else "there are no TLSA records")

    def _want_next(self) -> None:
        self.wanted = (Question(f"_{self._port}._tcp.{self._bases.pop(0)}", Kind.TLSA),)

    def _end(self, why: str) -> None:
        self.findings = TlsaFindings(TlsaState.NONE, why=why)
