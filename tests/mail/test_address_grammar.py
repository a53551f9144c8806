"""Mailboxes made from the grammar of RFC 5321 §4.1.2 and RFC 6531 §3.3: `make properties` makes a million."""

from ipaddress import IPv4Address, IPv6Address
from random import Random

from hypothesis import settings

from empath.mail.address import Address

ATEXT = "abcxyzABCXYZ0189!#$%&'*+-/=?^_`{|}~"
QTEXT = " !#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~"
BEYOND = "äßλя中文ع\u00a0\U0001f600\u200d"
LET_DIG = "abcxyzABC019"
U_LABELS = ("bücher", "BÜCHER", "例え", "пример", "straße", "xn--bcher-kva", "XN--BCHER-KVA")
COUNT = 1_000_000 if settings().max_examples > 1_000 else 5_000  # by the profile of Hypothesis


def local_part(random: Random) -> str:
    """Dot-string or Quoted-string."""
    if random.random() < 0.6:
        letters = ATEXT + BEYOND if random.random() < 0.2 else ATEXT
        atoms = ("".join(random.choices(letters, k=random.randint(1, 8))) for _ in range(random.randint(1, 4)))
        return ".".join(atoms)
    letters = QTEXT + BEYOND if random.random() < 0.2 else QTEXT
    pieces = random.choices(letters, k=random.randint(0, 12))
    for _ in range(random.choice((0, 0, 1, 3))):
        pieces.insert(random.randint(0, len(pieces)), "\\" + chr(random.randint(0x20, 0x7E)))
    return f'"{"".join(pieces)}"'


def domain(random: Random) -> str:
    """Domain with A-labels or U-labels, or an address literal."""
    kind = random.random()
    if kind < 0.1:
        return f"[{IPv4Address(random.getrandbits(32))}]"
    if kind < 0.2:
        tag = random.choice(("IPv6:", "ipv6:"))
        address = IPv6Address(random.getrandbits(128) & random.choice((-1, 0xFFFF << 112 | 0xFFFF, 0xFFFF)))
        return f"[{tag}{random.choice((str(address), address.exploded))}]"
    labels = []
    for _ in range(random.randint(1, 4)):
        if random.random() < 0.1:
            labels.append(random.choice(U_LABELS))
            continue
        inside = "".join(random.choices(LET_DIG + "-", k=random.randint(0, 6)))
        label = f"{random.choice(LET_DIG)}{inside}{random.choice(LET_DIG)}"
        # The third and fourth character of another label than an A-label are not both hyphens, RFC 5891 §4.2.3.1.
        labels.append(label.replace("--", "-a"))
    labels.append(random.choice(("test", "example", "COM", "xn--p1ai")))
    return ".".join(labels)


def test_what_the_grammar_allows_is_read_and_survives_its_text_form():
    """
    The text form goes to the next host, into the log and into reports: it must mean the same mailbox.
    """
    random = Random("mailboxes")
    for _ in range(COUNT):
        text = f"{local_part(random)}@{domain(random)}"
        address = Address.parse(text)
        written = str(address)
        assert (address, written) == (Address.parse(written), str(Address.parse(written))), text
