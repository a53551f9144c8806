"""strategies - Hypothesis strategies for every value type of empath.mail: valid, and as unusual as the type allows"""

import re
from itertools import pairwise

from hypothesis import strategies as st

from empath.mail.address import BARE_POSTMASTER, NULL_PATH, Address, ForwardPath, ReversePath
from empath.mail.domain import AddressLiteral, Domain
from empath.mail.envelope import BodyType, DsnReturn, Envelope, Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.mail.outcome import Stage
from empath.mail.reply import EnhancedStatus, Reply

_LIKE_A_STATUS = re.compile(r"[245]\.[0-9]")
_MAX_PATH_OCTETS = 254
_END_OF_9999 = 253402300799

any_text = st.text(st.characters(exclude_categories=()), max_size=80)  # surrogates and controls too

# --- domains

_labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
_last_labels = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_u_labels = st.text("abcdefgäöüéèñçßøåžčšłőджελμπ日本語例え", min_size=1, max_size=12)


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    """Names of one to six labels."""
    return Domain(".".join([*draw(st.lists(_labels, max_size=5)), draw(_last_labels)]))


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, Domain]:
    """Another way to write a domain, and the domain: letter case and the trailing dot differ."""
    domain = draw(domains())
    upper = draw(st.sets(st.integers(0, len(domain.a_labels) - 1)))
    text = "".join(c.upper() if place in upper else c for place, c in enumerate(domain.a_labels))
    return text + draw(st.sampled_from(["", "."])), domain


u_label_names = st.lists(_u_labels, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "test"]))
address_literals = st.builds(AddressLiteral, st.ip_addresses(v=4) | st.ip_addresses(v=6))

# --- addresses

_atoms = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=10)
_dot_strings = st.lists(_atoms, min_size=1, max_size=4).map(".".join)
_quotable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)
local_parts = (
    _dot_strings | _quotable | st.sampled_from(["a b", 'a"b', "a\\b", "a@b", ".a", "a..b", "", "ä", "例え", "a" * 100])
)
addresses = st.builds(Address, local_parts, domains() | address_literals).filter(
    lambda address: len(str(address).encode()) <= _MAX_PATH_OCTETS
)
# Text that may be a mailbox, in other spellings: needless quotes and pairs, U-labels, capitals, a trailing dot.
mailboxes = st.builds(
    "{}@{}".format,
    _dot_strings
    | st.lists(st.sampled_from(["a", " ", "\\a", '\\"', "\\\\", "@", "ä", ".", "aaaaaaaaaaaaaaaa"]), max_size=12).map(
        lambda parts: f'"{"".join(parts)}"'
    ),
    u_label_names
    | st.integers(1, 40).map(lambda count: "Ü." * count + "Example.")
    | spellings().map(lambda spelling: spelling[0])
    | st.sampled_from(["[192.0.2.1]", "[ipv6:2001:DB8:0::1]", "[IPv6:::ffff:192.0.2.1]", "1.2.3.4"]),
)
reverse_paths = st.just(NULL_PATH) | st.builds(ReversePath, addresses)
forward_paths = st.just(BARE_POSTMASTER) | st.builds(ForwardPath, addresses)

# --- replies

enhanced_statuses = st.builds(EnhancedStatus, st.sampled_from([2, 4, 5]), st.integers(0, 999), st.integers(0, 999))
_line_characters = st.characters(codec="ascii", exclude_characters="\r\n")


@st.composite
def replies(draw: st.DrawFn, klass: int | None = None) -> Reply:
    """Replies of one to four lines of ASCII, controls among them; of one class if *klass* is given."""
    klass = klass or draw(st.integers(2, 5))
    code = klass * 100 + draw(st.integers(0, 99))
    lines = draw(st.lists(st.text(_line_characters, max_size=60), min_size=1, max_size=4))
    if klass == 3 or draw(st.booleans()):
        # Text that begins like a status would be read as one.
        return Reply(code, None, "\n".join(f"-{line}" if _LIKE_A_STATUS.match(line) else line for line in lines))
    status = draw(enhanced_statuses)
    return Reply(code, EnhancedStatus(klass, status.subject, status.detail), "\n".join(lines))


# --- identity

timestamps = st.builds(Timestamp, st.floats(0, _END_OF_9999))
queue_ids = st.builds(QueueId.make, timestamps, st.binary(min_size=10, max_size=10))

# --- envelopes

notifies = st.just("NEVER") | st.lists(
    st.sampled_from(["SUCCESS", "FAILURE", "DELAY"]), min_size=1, max_size=3, unique=True
).map(",".join)
xtexts = st.from_regex(r"([!-*,-<>-~]|\+[0-9A-F]{2}){1,30}", fullmatch=True)  # RFC 3461 §4
original_recipients = xtexts.map(lambda xtext: f"rfc822;{xtext}")
recipients = st.builds(Recipient, addresses, st.none() | notifies, st.none() | original_recipients)
envelopes = st.builds(
    Envelope,
    reverse_paths,
    st.lists(recipients, min_size=1, max_size=5).map(tuple),
    st.sampled_from(BodyType),
    st.booleans(),
    st.none() | st.sampled_from(DsnReturn),
    st.none() | xtexts,
)

# --- outcomes

stages = st.sampled_from(Stage)

# --- content

contents = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a", b"From b", b"\x00\xff", b"a.b"]), max_size=12).map(
    lambda lines: b"".join(line + b"\r\n" for line in lines)
)


def pieces(octets: bytes) -> st.SearchStrategy[list[bytes]]:
    """Ways to cut *octets*, from one piece to one for each octet."""
    places = st.sets(st.integers(0, len(octets))) | st.just(set(range(len(octets))))
    return places.map(lambda cuts: _cut(octets, sorted(cuts)))


def _cut(octets: bytes, cuts: list[int]) -> list[bytes]:
    borders = [0, *cuts, len(octets)]
    return [octets[a:b] for a, b in pairwise(borders) if a < b]
