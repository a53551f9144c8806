"""messages - random transactions and contents: valid, and as unusual as the types allow"""

from random import Random

from empath.mail.address import Address
from empath.mail.domain import AddressLiteral, Domain
from empath.mail.envelope import BodyType, DsnReturn
from empath.smtp.client.session import ClientRecipient, Transaction

_LOCAL_PARTS = [
    *("a", "b.c", "a b", 'a"b', "a\\b", "a@b", "a>b", "<a>", ".a", "a..b", "", "ä", "例え", "ä b", "postmaster"),
    *("x" * 64, '"' * 20, "SIZE=1", "a,b", "@a:b"),
]
_DOMAINS: list[Domain | AddressLiteral] = [
    Domain.parse("example.org"),
    Domain.parse("bücher.example"),
    Domain.parse("d" * 60 + ".example"),
    AddressLiteral.parse("[192.0.2.1]"),
    AddressLiteral.parse("[IPv6:2001:db8::1]"),
]
_LINES = [b"", b".", b"..", b".a", b"a", b"Subject: x", b"From b", b"\xc3\xa4", b"a.", b"QUIT", b"x" * 90, b" ."]


def random_address(random: Random) -> Address:
    """A mailbox whose text form may need quotes or SMTPUTF8."""
    return Address(random.choice(_LOCAL_PARTS), random.choice(_DOMAINS))


def random_content(random: Random) -> bytes:
    """Lines of content; the last may lack its end."""
    content = b"".join(random.choice(_LINES) + b"\r\n" for _ in range(random.randint(0, 6)))
    return content.removesuffix(b"\r\n") if random.random() < 0.2 else content


def random_transaction(random: Random, content: bytes = b"") -> Transaction:
    """A transaction of one to four recipients, with some of the parameters."""
    recipients = {
        number: ClientRecipient(
            str(random_address(random)),
            random.choice([None, None, "NEVER", "SUCCESS,DELAY"]),
            random.choice([None, None, "rfc822;a+20b@x.test"]),
        )
        for number in range(random.randint(1, 4))
    }
    return Transaction(
        reverse_path=random.choice(["", str(random_address(random))]),
        recipients=recipients,
        size=len(content) if content else random.choice([0, 5, 10_000_000]),
        body_type=random.choice(list(BodyType)),
        is_smtputf8=random.random() < 0.5,
        has_8bit=not content.isascii(),
        dsn_return=random.choice([None, *DsnReturn]),
        envelope_id=random.choice([None, "a+3Db"]),
    )
