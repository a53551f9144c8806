"""grammar - cases from the grammar of SMTP, cases of random octets, and mutations of both"""

import json
from collections.abc import Callable
from random import Random

from empath.smtp.milter.packets import Packet
from empath.smtp.sasl.mechanisms import Mechanism
from empath.smtp.sasl.scram import to_base64
from tests.fuzz.case import MAX_OCTETS, SEPARATOR, Case
from tests.fuzz.messages import random_address, random_content
from tests.fuzz.sasl import BINDING, KEYS, MECHANISMS, NONCE
from tests.smtp.sasl.kit import ScramClient

_GARBAGE = [b"\0", b"\r", b"\n", b"\r\n", b".", b"\xff", b"\xc3", b" ", b"<", b">", b'"', b":", b"\x7f", b"\xc2\x85"]
_DICTIONARY = [
    *(b"EHLO ", b"MAIL FROM:<", b"RCPT TO:<", b"DATA\r\n", b"\r\n.\r\n", b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r"),
    *(b"RSET\r\n", b"QUIT\r\n", b"BDAT 5 LAST\r\n", b"GET / HTTP/1.1\r\n", b"Subject: x\r\n", b" SIZE=", b" SMTPUTF8"),
    *(b" BODY=8BITMIME", b" RET=HDRS", b" ENVID=a+3D", b" NOTIFY=NEVER", b" ORCPT=rfc822;a", b"@a,@b:", b"<>"),
    *(b"250 2.0.0 Ok\r\n", b"250-", b"354 \r\n", b"421 4.3.2 Bye\r\n", b"550-5.1.1 No\r\n550 5.1.1 No\r\n", b"x" * 100),
    *(b"250-peer\r\n250-PIPELINING\r\n250-SIZE 0\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n", SEPARATOR, SEPARATOR),
]
_MAIL_PARAMETERS = [
    *("SIZE=10", "SIZE=201", "SIZE=x", "BODY=8BITMIME", "body=7bit", "SMTPUTF8", "SMTPUTF8", "SMTPUTF8=1", "RET=FULL"),
    *("ret=hdrs", "ENVID=a+3Db", "ENVID=a+0A", "FOO=1", "NOTIFY=NEVER"),
]
_RCPT_PARAMETERS = ["NOTIFY=NEVER", "notify=success,delay", "NOTIFY=", "ORCPT=rfc822;a+20b", "ORCPT=utf-8;ä", "SIZE=1"]
_OTHER_COMMANDS = [
    *(
        b"XCLIENT ADDR=192.0.2.1 NAME=[UNAVAILABLE]",
        b"XCLIENT HELO=a+20b",
        b"XFORWARD IDENT=+0A",
        b"XFORWARD SOURCE=LOCAL",
    ),
    *(b"NOOP", b"NOOP x", b"RSET", b"RSET x", b"VRFY x", b"VRFY", b"HELP", b"EXPN x", b"AUTH PLAIN", b"STARTTLS"),
    *(b"AUTH PLAIN AGEAYg==", b"AUTH PLAIN\r\nAGEAYg==", b"*", b"AUTH PLAIN ="),
    *(
        b"FOO",
        b"",
        b"DATA x",
        b"QUIT",
        b"BDAT 1",
        b"POST / HTTP/1.0",
        b"From: x",
        b"a" * 100,
        b"EHLO",
        b"MAIL",
        b"\xff",
    ),
]
_HOSTS = ["client.example", "[192.0.2.1]", "[IPv6:::1]", "bücher.example", "192.0.2.1", "a b", "CLIENT"]
_REPLIES = [
    *(b"250 2.0.0 Ok\r\n", b"250 2.0.0 Ok\r\n", b"250 Ok\n", b"250-a\r\n250 b\r\n", b"354 Go\r\n", b"354 Go\r\n"),
    *(
        b"450 4.2.1 Later\r\n",
        b"550 5.1.1 No\r\n",
        b"550-5.1.1 a\r\n550 5.1.1 b\r\n",
        b"421 4.3.2 Bye\r\n",
        b"220 x\r\n",
    ),
    *(b"what\r\n", b"250-a\r\n550 b\r\n", b"250", b"25", b"999 x\r\n", b"251 \xff\0\r\n", b""),
]
_EXTENSIONS = [b"PIPELINING", b"SIZE 1000", b"SIZE", b"8BITMIME", b"SMTPUTF8", b"DSN", b"", b"size 0", b"X-FOO bar"]


def raw_case(random: Random) -> Case:
    """Random octets."""
    turns = tuple(_without_separator(random.randbytes(random.randint(0, 60))) for _ in range(random.randint(1, 4)))
    return Case(random.randrange(10**6), turns)


def server_case(random: Random) -> Case:
    """A client's octets: mostly whole dialogues with a few mistakes."""
    turns = []
    if random.random() < 0.95:
        turns.append(_line(random, f"{random.choice(['EHLO', 'HELO', 'ehlo'])} {random.choice(_HOSTS)}".encode()))
    for _ in range(random.randint(1, 4)):
        group = [_path_command(random, "MAIL FROM", _MAIL_PARAMETERS, is_null=random.random() < 0.2)]
        group += [_path_command(random, "RCPT TO", _RCPT_PARAMETERS) for _ in range(random.randint(0, 3))]
        if random.random() < 0.3:
            group.insert(random.randrange(len(group) + 1), _line(random, random.choice(_OTHER_COMMANDS)))
        if random.random() < 0.8:
            group.append(_line(random, b"DATA"))
        is_grouped = random.random() < 0.6
        turns += [b"".join(group)] if is_grouped else group
        if random.random() < 0.8:
            content = random_content(random).replace(b"\r\n.", b"\r\n..")
            end = random.choice([b"\r\n.\r\n"] * 4 + [b"\n.\n", b".\r\n", b"\r\n.\r", b"\r\n.\n"])
            after = _line(random, b"NOOP") if random.random() < 0.2 else b""
            turns += [content, end + after] if random.random() < 0.3 else [content + end + after]
    if random.random() < 0.5:
        turns.append(_line(random, b"QUIT"))
    return Case(random.randrange(10**6), tuple(turns))


def chunks_case(random: Random) -> Case:
    """Contents of messages."""
    return Case(random.randrange(10**6), tuple(random_content(random) for _ in range(random.randint(1, 4))))


def client_case(random: Random) -> Case:
    """A server's octets: a greeting, then one or more replies for each group, fitting or not."""
    extensions = random.sample(_EXTENSIONS, random.randint(0, len(_EXTENSIONS)))
    if random.random() < 0.6:
        extensions.append(b"PIPELINING")
    lines = [b"peer.test", *extensions]
    greeting = b"".join(b"250-" + line + b"\r\n" for line in lines[:-1]) + b"250 " + lines[-1] + b"\r\n"
    turns = [b"220 peer.test ESMTP\r\n", greeting if random.random() < 0.9 else b"502 5.5.1 No\r\n"]
    for _ in range(random.randint(1, 8)):
        if random.random() < 0.5:
            accepted = [random.choice(_REPLIES[:2] * 4 + _REPLIES[6:8]) for _ in range(random.randint(2, 5))]
            turns.append(b"".join([*accepted, b"354 Go\r\n"]))
        else:
            turns.append(b"".join(random.choice(_REPLIES) for _ in range(random.randint(1, 3))))
    return Case(random.randrange(10**6), tuple(turns))


def relay_case(random: Random) -> Case:
    """Content of a message."""
    return Case(random.randrange(10**6), (random_content(random),))


_MIME_LINES = [
    *(b"", b"--a", b"--a--", b"--b", b"--b-- ", b"--c", b"text", b"t\xe4xt", b" folded", b"X-Y: z", b"no field", b"--"),
    *(b"x" * 74 + b"--a\xe4", b"--\xe4", b"--=E4", b"\xe4" * 70, b" ", b"-- ", b"=", b"=20", b"\r", b"\0"),
]
_MIME_FIELDS = [
    *(
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=a",
        b"Content-Type: multipart/digest; boundary=c",
    ),
    *(b'Content-Type: multipart/signed; boundary="b"', b"content-type : message/rfc822", b"Content-Type: nonsense"),
    *(
        b'Content-Type: text/plain; name="; boundary=a"',
        b"Content-Transfer-Encoding: 8bit",
        b"Content-Type: (a) text/x",
    ),
    *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 8bits (x)", b"Content-Type: message/global"),
    *(b'Content-Type: multipart/x; boundary="=E4" (y)', b"Content-Type: message/delivery-status", b"X:\r\n y"),
]


def mime_case(random: Random) -> Case:
    """A message of parts, some of them frequent."""

    def lines(choice: list[bytes], most: int) -> bytes:
        return b"".join(random.choice(choice) + b"\r\n" for _ in range(random.randint(0, most)))

    first = b"".join(lines(_MIME_FIELDS, 3) + b"\r\n" + lines(_MIME_LINES, 4) for _ in range(random.randint(1, 4)))
    often = tuple(lines(_MIME_LINES + _MIME_FIELDS, 4) for _ in range(random.choice([0, 1, 1, 2])))
    return Case(random.randrange(10**6), (first, *often, lines(_MIME_LINES, 4)))


_DNS_NAMES = [
    *(
        b"a.test",
        b"mx.us.test",
        b"192.0.2.1",
        b"a\\000b.test",
        b"x" * 70 + b".test",
        b"xn--",
        b"-",
        b"*",
        b".",
        b"A.TEST",
    ),
]
_DNS_ADDRESSES = [
    *(b"8.8.8.8", b"8.8.4.4", b"10.0.0.1", b"127.0.0.1", b"2a00::1", b"2a00::2", b"64:ff9b::a00:1", b"2002:a00:1::1"),
    *(b"::ffff:8.8.8.8", b"fe80::1", b"1.2.3.4", b"5.6.7.8"),
]
_WIRE_NAMES = [b"\xc0\x0c", b"\1a\4test\0", b"\0", b"\x3f" + b"x" * 63 + b"\0", b"\1\xff\0"]
_WRONG_WIRE_NAMES = [b"\xc0\x20", b"\xff", b"\xc1\xff", b"\1a"]


def dns_case(random: Random) -> Case:
    """An answer on the wire, and a zone."""
    choices = random.randrange(10**6)
    is_wrong = random.random() < 0.2
    names = _WIRE_NAMES + _WRONG_WIRE_NAMES * is_wrong
    records = []
    for _ in range(random.randint(0, 4)):
        data_of = {
            1: random.randbytes(4),
            28: random.randbytes(16),
            15: random.randbytes(2) + random.choice(names),
            5: random.choice(names),
            6: b"\0\0" + random.randbytes(20),
            2: random.choice(names),
        }
        kind = random.choice([[1, 28, 15][choices % 3]] * 6 + list(data_of))
        data = data_of[kind]
        owner = random.choice([b"\xc0\x0c"] * 4 + names)
        size = random.choice([0, 65535]) if is_wrong and random.random() < 0.3 else len(data)
        fixed = bytes((0, kind, 0, 1)) + random.choice([b"\0\0\0\x3c", b"\xff\xff\xff\xff", b"\0\0\0\0"])
        records.append(owner + fixed + size.to_bytes(2, "big") + data)
    code = random.choice([0x80] * 6 + [0x83, 0x82, 0x81, 0x84, 0x85, 0x86, 0x8F, 0x02])
    counts = random.choice(
        [(255, 0, 0), (1, 1, 1)] if is_wrong else [(len(records), 0, 0)] * 4 + [(0, len(records), 0)]
    )
    wire = _without_separator(bytes((code, *counts)) + b"".join(records))
    words = _DNS_NAMES + _DNS_ADDRESSES
    zone = b" ".join(random.choice(words) for _ in range(random.randint(0, 12)))
    return Case(choices, (wire, zone))


def mutated(random: Random, case: Case, other: Case) -> Case:
    """*case* with one to four changes, perhaps with a piece of *other*."""
    octets = bytearray(case.octets)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(octets) + 1)
        end = min(at + random.choice([1, 1, 2, 8, 64]), len(octets))
        match random.randrange(6):
            case 0:
                del octets[at:end]
            case 1:
                octets[at:at] = octets[at:end] * random.choice([1, 1, 2, 30])
            case 2:
                octets[at:at] = random.choice(_DICTIONARY)
            case 3:
                octets[at:end] = random.choice(_GARBAGE)
            case 4:
                start = random.randrange(len(other.octets))
                octets[at:at] = other.octets[start : start + random.randint(1, 80)]
            case 5:
                octets[at:end] = random.randbytes(end - at)
    return Case.parse(bytes(octets[:MAX_OCTETS]))


def proxy_case(random: Random) -> Case:
    """A header of either version of the PROXY protocol, whole or not quite."""
    if random.random() < 0.5:
        family = random.choice([b"TCP4", b"TCP4", b"TCP6", b"TCP6", b"UNKNOWN", b"UDP4"])
        good = [b"192.0.2.1", b"127.0.0.1"] if family == b"TCP4" else [b"2001:db8::1", b"::ffff:192.0.2.1"]
        fields = [random.choice([*good * 8, b"192.0.2.256", b"fe80::1%1"]) for _ in range(2)]
        ports = [random.choice([b"25", b"0", b"40000", b"65535", b"65536"]) for _ in range(2)]
        octets = b" ".join([b"PROXY", family, *fields, *ports][: random.choice([2, 6, 6, 6])]) + b"\r\n"
    else:
        head = bytes(
            [random.choice([0x20, 0x21, 0x21, 0x21, 0x22, 0x11]), random.choice([0, 0x11, 0x11, 0x21, 0x31, 0x12])]
        )
        rest = random.randbytes(random.choice([0, 11, 12, 36, 36, 60, 216, 3000]))
        size = len(rest) + random.choice([0, 0, 0, 0, 0, -1, 1, 60_000])
        octets = b"\r\n\r\n\0\r\nQUIT\n" + head + (size % 65_536).to_bytes(2, "big") + rest
    return Case(random.randrange(1_000_000), (_without_separator(octets + random.choice([b"", b"EHLO a\r\n"])),))


def sasl_case(random: Random) -> Case:
    """The responses of a client of some mechanism, right or not quite."""
    number = random.randrange(60)
    mechanism = MECHANISMS[number % len(MECHANISMS)]
    name = random.choice([*["alice"] * 6, "a=2Cb", "a\u00aa", "\u0627\u0628", "", "a\x07", "a=b"])
    password = random.choice(["pencil"] * 6 + ["pen", "", "\u00ad"])
    turns: list[bytes] = []
    match mechanism:
        case Mechanism.PLAIN:
            turns = [f"{random.choice(['', '', name, 'bob'])}\0{name}\0{password}".encode()]
        case Mechanism.LOGIN:
            turns = [b"", name.encode(), password.encode()][random.randrange(2) :]
        case Mechanism.OAUTHBEARER | Mechanism.XOAUTH2:
            head = random.choice([f"n,a={name},", "n,,", f"user={name}", f"user={name}"])
            scheme = random.choice(["Bearer", "bearer", "Basic"])
            turns = [f"{head}\x01host=h\x01auth={scheme} vF9d.ft4q==\x01\x01".encode(), random.choice([b"\x01", b""])]
        case _:
            binding = BINDING if mechanism is Mechanism.SCRAM_SHA_256_PLUS else b""
            header = "p=tls-server-end-point,," if binding else random.choice(["n,,", "n,,", "y,,", "n,a=alice,"])
            client = ScramClient(name or "alice", password, header, binding, nonce="cli")
            challenge = f"r=cli{NONCE},s={to_base64(KEYS.salt)},i={KEYS.iterations}".encode()
            turns = [client.first, client.final(challenge), random.choice([b""] * 6 + [b"x"])]
    return Case(number, tuple(_without_separator(turn) for turn in turns[: random.choice([4, 4, 4, 1])]))


def address_case(random: Random) -> Case:
    """Mailboxes, right or not quite."""
    turns = [random.choice(["", "", "", "<", " "]) + str(random_address(random)) for _ in range(3)]
    return Case(0, tuple(_without_separator(turn.encode()) for turn in turns))


def aliases_case(random: Random) -> Case:
    """A few names that lead to each other, and more seldom elsewhere."""
    names = ["a@x.test", "B@x.test", "c@x.test", "d+tag@x.test", '"e e"@y.test']
    odd = ["@y.test", "no address", "", "f@z.test", "g@bücher.test"]
    turns = [random.choice(names)]
    for _ in range(random.randrange(6)):
        targets = [random.choice(names if random.random() < 0.4 else odd[3:] if random.random() < 0.9 else odd)]
        targets += random.choices(["f@z.test", "@y.test"], k=random.choice([0, 1, 2, 2, 600]))
        turns.append("\n".join([random.choice([*names, "@x.test"]), *targets]))
    return Case(0, tuple(_without_separator(turn.encode()) for turn in turns))


def edits_case(random: Random) -> Case:
    """Edits, right or not quite, of a small header section."""
    header = random.choice(["Received: x\r\n", ""]) + random.choice(
        ["Subject: a\r\n b\r\nX-A: 1\r\nx-a: 2\r\n", "x", ""]
    )
    names, values = ["X-A", "Subject", "received", "x a", "X-B"], ["1", "", "a b", "ä", "x\ny", "\0", "z" * 1000]
    turns = [header]
    for _ in range(random.randrange(1, 6)):
        kind = random.choice("ardfxphz" if len(header) % 2 else "ardfxphzics")
        if kind in "fpic":
            rest = f"{random.choice(names)}\n{random.choice(values)}"
        elif kind in "ard":
            rest = "\n".join(str(random_address(random)) for _ in range(random.choice([1, 1, 1, 2])))
        else:
            rest = random.choice([*names, *values])
        turns.append(kind + rest)
    return Case(0, tuple(_without_separator(turn.encode()) for turn in turns))


def replies_case(random: Random) -> Case:
    """A pattern of a few pieces, and a text of the same letters."""
    pieces = [
        "a",
        "b",
        ".",
        "[ab]",
        "[^b]",
        "(a|b)",
        "(?:ab)",
        "a*",
        ".*",
        "[ab]+",
        "b?",
        "a{2,5}",
        "|",
        "^",
        "$",
        r"\d",
        "(",
    ]
    turns = ["".join(random.choices(pieces, k=random.randrange(1, 8)))]
    turns.append(random.choice(["a", "ab", "aab", "user unknown ", "too many connections ", "550 5.7.1 listed "]))
    return Case(0, tuple(turn.encode() for turn in turns))


_RECORDS = [
    *(
        "v=spf1 ",
        "-all",
        "~all",
        " a",
        " mx",
        " ptr",
        " exists:",
        " include:a.example",
        " redirect=a.example",
        " exp=e.a",
    ),
    *(
        " ip4:192.0.2.0/24",
        " ip6:2001:db8::/32",
        "%{i}",
        "%{l1r-}",
        "%{p}",
        "%{",
        "%%",
        "%_",
        "/24",
        "//64",
        ":",
        "=",
        ".",
    ),
    *(
        "v=DMARC1; ",
        "p=reject; ",
        "sp=none; ",
        "np=quarantine; ",
        "psd=y; ",
        "psd=n; ",
        "t=y; ",
        "pct=0; ",
        "rua=mailto:a",
    ),
    *(
        "a.example",
        "mx.example; spf=pass",
        "(",
        ")",
        '"',
        "\\",
        "<a@a.example>",
        "Ann ",
        ", ",
        ";",
        "@",
        "SRS0=",
        "SRS1=",
        "==",
    ),
]


def senders_case(random: Random) -> Case:
    """Records, and fields that name a sender."""
    turns = ["".join(random.choices(_RECORDS, k=random.randrange(1, 12))) for _ in range(5)]
    if random.random() < 0.5:
        terms = random.choices([*_RECORDS[1:12], " a:%{l1r-}.b.example", " ~all"], k=random.randrange(1, 6))
        turns[0] = f"v=spf1 {' '.join(terms)} ~all"
        turns[2] = f"v=DMARC1; {''.join(random.choices(_RECORDS[25:32], k=4))}"
    return Case(random.getrandbits(20), tuple(turn.encode() for turn in turns))


_TEXTS = [
    "a",
    "{{a}}",
    "{{ b }}",
    "\r\nBcc: x@y.example",
    "\n",
    "\x00",
    "ä",
    "=?utf-8?q?x?=",
    "x" * 999,
    "é" * 60,
    " ",
    ".\r\n",
    "<",
    ">",
    '"',
]
_BOXES = [
    "a@b.example",
    "A B <a@b.example>",
    '"A, B" <a@b.example>',
    "x",
    "ä@b.example",
    {"address": "a@b.example", "name": "Ä\r\n"},
]


def letters_case(random: Random) -> Case:
    """Mail to be sent by HTTP."""

    def text() -> str:
        return "".join(random.choices(_TEXTS, k=random.randrange(4)))

    body: dict[str, object] = {"from": random.choice(_BOXES[:3]), "subject": text(), "text": text()}
    more: dict[str, object] = {
        "html": text(),
        "headers": {random.choice(["X-A", "Bcc", "a b", "List-Id"]): text()},
        "attachments": [{"content": "eA==", "filename": text(), "cid": random.choice([None, "a", "<"])}],
        "cc": [random.choice(_BOXES)],
        "send_at": random.choice([1, "2030-01-01T00:00:00Z", "x", 1e400]),
        "variables": {"a": text()},
        "raw": text(),
        "metadata": {"a": [text()]},
    }
    body |= {name: more[name] for name in random.sample([*more], k=random.randrange(4))}
    if random.random() < 0.5:
        body["to"] = random.choices(_BOXES, k=random.randrange(3))
    else:
        body["recipients"] = [
            {"to": random.choice(_BOXES), "variables": {"a": text()}} for _ in range(random.randrange(3))
        ]
    return Case(0, (_without_separator(json.dumps(body).encode()),))


_REPORT_LINES = [
    *(b"Subject: Undelivered mail", b"Auto-Submitted: auto-replied", b"X-Failed-Recipients: a@b.example, c@d.example"),
    *(
        b"Content-Type: multipart/report; boundary=b",
        b"Content-Type: message/delivery-status",
        b"",
        b"",
        b"--b",
        b"--b--",
    ),
    *(b"Content-Type: message/feedback-report", b"Content-Type: message/rfc822", b"Content-Type: text/plain"),
    *(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable", b"QWN0aW9uOiBmYWlsZWQ="),
    *(
        b"Reporting-MTA: dns; mx.example",
        b"Final-Recipient: rfc822; a@b.example",
        b"Action: failed",
        b"Action: delayed",
    ),
    *(
        b"Status: 5.1.1",
        b"Status: 4",
        b"Diagnostic-Code: smtp; 550 5.1.1 no",
        b"Diagnostic-Code: x;;",
        b"Action: relayed",
    ),
    *(b"Feedback-Type: abuse", b"Original-Rcpt-To: <a@b.example>", b"Original-Mail-From: bounces+x=y=z=w@c.example"),
    *(b"Hi. This is the qmail", b"<a@b.example>:", b"550 no", b"  c@d.example", b"--- Below this line", b"(#4.2.2)"),
    *(
        b"This message was created automatically by mail delivery software.",
        b"Delivery has failed to these recipients or",
    ),
    *(b" (Empath) with SMTP id 01M8PC4VJYQKTGRH502JS35RRZ", b"Received: x", b"Return-Path: <", b"\xff\xfe", b"<" * 300),
]


_REPORT_START = [
    *(b"Content-Type: multipart/report; boundary=b", b"", b"--b", b"Content-Type: message/delivery-status", b""),
    *(b"Reporting-MTA: dns; mx.example", b"", b"Final-Recipient: rfc822; a@b.example", b"Action: failed"),
]


def feedback_case(random: Random) -> Case:
    """Lines of reports in any order; half of them begin as a whole report does."""
    lines = random.choices(_REPORT_LINES, k=random.randrange(1, 30))
    if random.random() < 0.5:
        lines[:0] = _REPORT_START
    return Case(random.getrandbits(20), (b"\r\n".join(lines),))


_SIGNATURE_TAGS = [
    *(b"v=1", b"a=rsa-sha256", b"a=ed25519-sha256", b"a=rsa-sha1", b"c=relaxed/relaxed", b"c=simple", b"c=relaxed"),
    *(b"d=example.com", b"d=x.example", b"s=r", b"s=e", b"h=from:to", b"h=from:from:x", b"h=:", b"h=arc-seal", b"b="),
    *(b"bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=", b"bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", b"bh=!"),
    *(b"l=0", b"l=1", b"l=99", b"t=1", b"t=9999999999", b"x=1", b"i=@example.com", b"i=a@sub.example.com", b"i=1"),
    *(b"i=2", b"i=50", b"i=51", b"cv=none", b"cv=pass", b"cv=fail", b"q=dns/txt", b"z=\xe4", b"b=\r\n YQ==", b"", b"="),
]
_SIGNATURE = [b"v=1", b"a=ed25519-sha256", b"c=simple/relaxed", b"d=example.com", b"s=e", b"h=from", b"b=YQ=="]
_KEY_TAGS = [
    *(
        b"v=DKIM1",
        b"k=rsa",
        b"k=ed25519",
        b"p=",
        b"p=AAAA",
        b"t=s",
        b"t=y:s",
        b"h=sha256",
        b"h=sha1",
        b"s=*",
        b"s=email",
    ),
    *(b"p=zFo97KS6j170Fncqm4RoWOXDvlA9vnKgBS/h6vEH2bQ=", b"n=\xe4", b"p=MAA=", b"v=DKIM2", b"", b"x"),
]


def dkim_case(random: Random) -> Case:
    """A header with signatures and seals, texts of the DNS, and a body."""
    body = b"".join(
        random.choice([b"\r\n", b" ", b"\t", b"a", b"\r", b"\n"]) for _ in range(random.choice([0, 0, 5, 40]))
    )
    hashed = b"bh=" + (b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" if not body.strip() else b"AAAA")

    def field(name: bytes, needed: list[bytes]) -> bytes:
        tags = [*needed, *random.choices(_SIGNATURE_TAGS, k=random.choice([0, 0, 1, 3]))]
        if random.random() < 0.2:
            random.shuffle(tags)
        return name + b": " + random.choice([b"; ", b";", b";\r\n ", b" ;\t"]).join(tags) + b"\r\n"

    lines = [b"From: a@example.com\r\n"] * random.choice([0, 1, 1, 1, 2])
    lines += [field(b"DKIM-Signature", [*_SIGNATURE, hashed]) for _ in range(random.choice([0, 1, 2, 9]))]
    for number in range(1, random.choice([1, 2, 3])):
        instance = [b"i=%d" % number]
        lines.append(b"ARC-Authentication-Results: i=%d; x; none\r\n" % number)
        lines.append(field(b"ARC-Message-Signature", [*instance, *_SIGNATURE[1:], hashed]))
        seal = [*_SIGNATURE[1:2], *_SIGNATURE[3:5], b"b=YQ==", b"cv=none" if number == 1 else b"cv=pass"]
        lines.append(field(b"ARC-Seal", [*instance, *seal]))
    lines += [
        random.choice([b"X : y\r\n", b"stray\r\n", b" folded\r\n", b"To:\r\n"]) for _ in range(random.randint(0, 2))
    ]
    random.shuffle(lines)
    texts = tuple(b"; ".join(random.choices(_KEY_TAGS, k=random.randint(1, 4))) for _ in range(random.randint(0, 2)))
    return Case(random.randrange(10**6), (b"".join(lines), *texts, body))


_MILTER_VERDICTS = [Packet(letter) for letter in (b"c", b"c", b"c", b"a", b"r", b"t", b"d", b"s", b"4", b"f")]
_MILTER_CHANGES = [
    Packet(b"p"), Packet(b"h", b"X-A\0one\n two\0"), Packet(b"i", b"\0\0\0\1X-B\0b\0"),
    Packet(b"m", b"\0\0\0\1X-A\0\0"), Packet(b"+", b"<a@b.test>\0"), Packet(b"2", b"<a@b.test>\0NOTIFY=NEVER\0"),
    Packet(b"-", b"<c@d.test>\0"), Packet(b"e", b"<>\0"), Packet(b"b", b"body\r\n"), Packet(b"q", b"why\0"),
]  # fmt: skip
_MILTER_REPLIES = [b"550 5.7.1 no %% such", b"451-4.7.1 a\r\n451 4.7.1 b", b"250 Ok", b"550 a\r\n551 b", b"554\xff"]


def milter_case(random: Random) -> Case:
    """A filter's octets: an agreement, then answers to the stages, mostly fitting."""
    steps = random.choice([0, 0x480, 0x100702, 0x1FFFFF, 1 << 21])
    numbers = (random.choice([6] * 6 + [2, 4, 7]), random.choice([0x1FF] * 4 + [0x11, 0x1000]), steps)
    lists = random.choice([b""] * 3 + [b"\0\0\0\2i auth_authen {x}\0", b"\0\0\0\7i\0"])
    turns = [Packet(b"O", b"".join(number.to_bytes(4, "big") for number in numbers) + lists).octets]
    begin = random.choice([0, 0, 0, 6, 8])
    for place in range(begin, begin + random.choice([3, 9])):
        answers = random.sample(_MILTER_CHANGES, random.randint(0, 4)) if place % 9 == 8 else []
        answers.append(random.choice([Packet(b"c")] * 20 + _MILTER_VERDICTS))
        if random.random() < 0.05:
            answers.append(Packet(b"y", random.choice(_MILTER_REPLIES) + b"\0"))
        turns.append(b"".join(answer.octets for answer in answers))
    return Case(begin, tuple(map(_without_separator, turns)))


_XML = [
    *(
        b"<feedback>",
        b"</feedback>",
        b"<record>",
        b"</record>",
        b"<row><count>1</count></row>",
        b"<a/>",
        b"&amp;",
        b"&x;",
    ),
    *(
        b"<report_metadata><report_id>1</report_id><date_range><begin>1</begin><end>2</end></date_range></report_metadata>",
    ),
    *(b"<policy_published><domain>a.test</domain></policy_published>", b"<!DOCTYPE a []>", b"<![CDATA[x]]>"),
]
_JSON = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b'\\"',
        b",",
        b'"report-id": "1"',
        b'"policies": [{"summary": {}}]',
        b"1e999",
        b"null",
    ),
]


def aggregate_case(random: Random) -> Case:
    """A message with a report of DMARC or about TLS, whole or not quite."""
    whole = b"".join((_XML[0], _XML[8], _XML[9], _XML[2], _XML[4], _XML[3], _XML[1]))
    if random.random() < 0.5:
        whole = b"".join(random.choice(random.choice([_XML, _JSON])) for _ in range(random.randint(0, 40)))
    head = random.choice(
        [b"Content-Type: text/xml\r\n\r\n"] * 3 + [b"Content-Type: text/plain\r\n\r\n", b"", b"\x1f\x8b"]
    )
    return Case(random.randrange(10**6), (_without_separator(head + whole),))


def traceparent_case(random: Random) -> Case:
    """Places in a trace, of any version, and lines of header fields; hardly anything else is read to its end."""

    def digits(count: int) -> str:
        return f"{random.getrandbits(4 * count):0{count}x}" if random.random() < 0.9 else "0" * count

    def turn() -> bytes:
        if random.random() < 0.4:
            return b"".join(
                random.choice((b"Authorization: Bearer a", b"X-Scope:b c", b"# d", b"", b"Host: e", b"f"))
                + random.choice((b"\n", b"\r\n", b"\r", b"\t"))
                for _ in range(random.randrange(30))
            )
        version = random.choice(("00", "00", "01", "fe", "ff"))
        more = random.choice(("", "", "", "-more", "-" * random.randrange(600)))
        return f"{version}-{digits(32)}-{digits(16)}-{digits(2)}{more}".encode()

    return Case(random.randrange(2), tuple(turn() for _ in range(random.randrange(1, 6))))


_POLICY_LINES = (
    b"version: STSv1", b"mode: enforce", b"mode: testing", b"mode: none", b"mx: mx.example", b"mx: *.example",
    b"mx: *.", b"mx: a..b", b"max_age: 86400", b"max_age: 99999999999", b"max_age:0", b"x:y", b": z",
    b"\xef\xbb\xbfmode: none",
)  # fmt: skip
_POLICY_RECORDS = (
    b"v=STSv1; id=1;", b"v=STSv1;id=", b"v=STSv1", b"v=spf1 -all", b"v=STSv1; x=y; id = a1 ", b"v=STSv2; id=1",
)  # fmt: skip
_WISHES = (
    b"mailto:a@b.example", b"https://r.example/x", b"mailto:a@b.example!10m", b"mailto:%ff", b"http://x", b"https://",
)  # fmt: skip
_KEY_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")  # of a key on the curve P-256


def policies_case(random: Random) -> Case:
    """Build a policy of MTA-STS, its record, a record of reports, and the key of an issuer."""
    mode = random.choice([b"mode: enforce", b"mode: testing", b"mode: none"])
    lines = [b"version: STSv1", mode, b"mx: mx.example", b"max_age: 86400"]
    lines += (random.choice(_POLICY_LINES) for _ in range(random.choice([0, 1, 3])))
    record = b"\n".join(random.choice(_POLICY_RECORDS) for _ in range(random.choice([1, 1, 1, 2])))
    wish = b"v=TLSRPTv1; rua=" + b",".join(random.choice(_WISHES) for _ in range(random.randrange(1, 9)))
    key = _KEY_HEAD + random.randbytes(random.choice([0, 63, 64, 64, 65]))
    turns = (random.choice([b"\r\n", b"\n"]).join(lines), record, wish, key)
    return Case(random.randrange(1000), tuple(map(_without_separator, turns)))


GENERATORS: dict[str, Callable[[Random], Case]] = {
    "server": server_case,
    "chunks": chunks_case,
    "client": client_case,
    "relay": relay_case,
    "mime": mime_case,
    "dns": dns_case,
    "proxy": proxy_case,
    "sasl": sasl_case,
    "tls": server_case,
    "address": address_case,
    "aliases": aliases_case,
    "edits": edits_case,
    "replies": replies_case,
    "senders": senders_case,
    "dkim": dkim_case,
    "milter": milter_case,
    "feedback": feedback_case,
    "letters": letters_case,
    "policies": policies_case,
    "traceparent": traceparent_case,
    "aggregate": aggregate_case,
}


def _without_separator(octets: bytes) -> bytes:
    return octets.replace(SEPARATOR, b"")


def _line(random: Random, command: bytes) -> bytes:
    return command + random.choice([b"\r\n"] * 9 + [b"\n", b" \r\n", b"\r\r\n"])


def _path_command(random: Random, lead: str, parameters: list[str], *, is_null: bool = False) -> bytes:
    route = "@one,@two:" if random.random() < 0.05 else ""
    path = "" if is_null else route + str(random_address(random))
    chosen = "".join(f" {random.choice(parameters)}" for _ in range(random.choice([0, 0, 0, 1, 1, 3])))
    return _line(random, f"{lead}:{random.choice(['', '', '', ' '])}<{path}>{chosen}".encode())
