"""Dialogues with filters: those recorded from libmilter and OpenDKIM, and what a filter must not say."""

from ipaddress import ip_address

import pytest

from empath.errors import SyntaxViolation
from empath.mail.reply import EnhancedStatus, Reply
from empath.smtp.milter.agreement import USUAL_MACROS, Agreement, offer
from empath.smtp.milter.answers import (
    BodyReplaced,
    FieldAdded,
    FieldChanged,
    FieldInserted,
    Quarantined,
    RecipientAdded,
    RecipientDeleted,
    Replied,
    SenderChanged,
    Verdict,
    read_answer,
)
from empath.smtp.milter.dialogue import Dialogue
from empath.smtp.milter.flags import ALL_ACTIONS, STAGES, Action, Stage, Step
from empath.smtp.milter.packets import Packet, PacketReader
from empath.smtp.milter.requests import NEXT_SESSION, connected, field_data, greeted, macros, path_given
from tests.kit.vectors import cases, vectors

STAGE_OF = {rule.code: stage for stage, rule in STAGES.items()}
NAMES = {  # of the vectors
    FieldAdded: "add_header", FieldInserted: "insert_header", FieldChanged: "change_header",
    BodyReplaced: "replace_body", SenderChanged: "change_from", RecipientAdded: "add_rcpt",
    RecipientDeleted: "delete_rcpt", Quarantined: "quarantine", Replied: "reply",
}  # fmt: skip
STAGE_NAMES = {"header": Stage.FIELD}
ENDS = {"continue", "accept", "reject", "tempfail", "discard", "skip", "reply"}


def packets(octets):
    """The packets of recorded octets."""
    reader = PacketReader()
    reader.receive(octets)
    found = []
    while (packet := reader.next_packet()) is not None:
        found.append(packet)
    return found


def agreed(actions=0x1FF, steps=0, version=6, more=b""):
    """A dialogue whose filter has answered the offer."""
    dialogue = Dialogue()
    numbers = b"".join(number.to_bytes(4, "big") for number in (version, actions, steps))
    dialogue.receive(Packet(b"O", numbers + more).octets)
    assert dialogue.agree()
    return dialogue


def answers_of(dialogue, stage):
    """The names of the answers to *stage*, as the vectors have them."""
    names: list[str] = []
    while not names or names[-1] not in ENDS:
        answer = dialogue.next_answer(stage)
        assert answer is not None
        names.append(answer.name.lower() if isinstance(answer, Verdict) else NAMES[type(answer)])
    return names


@pytest.mark.parametrize("case", cases("milter"))
def test_recorded_dialogues_are_read_as_they_were(case):
    """
    Each packet of the filter is read at its stage; what the mail server said is what the dialogue would say.
    """
    whole = [(who, bytes.fromhex(octets)) for who, octets in case["octets"] if not octets.endswith(" octets")]
    dialogue = Dialogue()
    assert whole[0] == ("mta", dialogue.negotiate())
    for who, octets in whole[1:]:
        if who == "filter":
            dialogue.receive(octets)
    assert dialogue.agree()
    for name, expected in case["verbs"]:
        stage = STAGE_NAMES.get(name) or Stage(name)
        if dialogue.awaits(stage):
            assert expected == answers_of(dialogue, stage)
    assert not dialogue.has_more


@pytest.mark.parametrize("case", cases("milter"))
def test_recorded_requests_are_those_that_are_made(case):
    """
    The same session gives the same octets.
    """
    told = []
    for who, octets in case["octets"]:
        if who == "mta" and not octets.endswith(" octets"):
            told += packets(bytes.fromhex(octets))
    agreement = Dialogue()
    [answer] = packets(bytes.fromhex(case["octets"][1][1]))
    agreement.receive(answer.octets)
    assert agreement.agree()
    keeps_blanks = Step.LEADING_BLANKS in agreement.agreement.steps
    values = {"j": "us.example", "{daemon_name}": "mx", "i": "QID1"}
    for packet in told[1:]:
        match packet.code:
            case b"D":
                stage = STAGE_OF[packet.data[:1]]
                names = [name for name in ("j", "{daemon_name}", "i") if f"{name}\0".encode() in packet.data]
                assert packet.octets == macros(stage, [(name, values[name]) for name in names])
            case b"C" if packet.data != b"h\0U":
                assert packet.data == connected("client.example", ip_address("192.0.2.1"), 25)
            case b"H":
                assert packet.data == greeted(packet.data[:-1].decode())
            case b"M" | b"R":
                path, _, parameters = packet.data[:-1].decode().partition("\0")
                assert packet.data == path_given(path[1:-1], parameters)
            case b"L":
                name, value, _ = packet.data.split(b"\0")
                blank = b"" if keeps_blanks else b" "
                field = name + b":" + blank + value.replace(b"\n", b"\r\n") + b"\r\n"
                assert packet.data == field_data(field, keeps_blanks=keeps_blanks)
            case b"K":
                assert packet.octets == NEXT_SESSION


def test_the_changes_of_a_recorded_message_are_read():
    """
    Values that a filter gave libmilter arrive as they were given.
    """
    [first, *_] = vectors("milter")["cases"]
    octets = bytes.fromhex(first["octets"][-1][1])
    found = [read_answer(packet, ALL_ACTIONS) for packet in packets(octets)]
    assert found[:12] == [
        Verdict.PROGRESS,
        FieldAdded(b"X-Added", b"one\n two"),
        FieldInserted(0, b"X-First", b"zero"),
        FieldChanged(1, b"Subject", b"changed"),
        FieldChanged(1, b"X-Gone", b""),
        RecipientAdded(b"<new@x.example>"),
        RecipientAdded(b"<par@x.example>", b"NOTIFY=NEVER"),
        RecipientDeleted(b"<b@x.example>"),
        SenderChanged(b"<other@x.example>", b"SIZE=1"),
        BodyReplaced(b"new body\r\n"),
        BodyReplaced(b"second\r\n"),
        Quarantined(b"why not"),
    ]


def test_a_filter_leaves_steps_out():
    """
    A step that it does not want costs nothing, and one that it does not answer costs no wait. Old versions have no
    DATA.
    """
    dialogue = agreed(steps=Step.NO_HELO | Step.UNANSWERED_MAIL)
    assert b"" == dialogue.ask(Stage.HELO, b"x\0", {})
    assert not dialogue.awaits(Stage.HELO)
    assert dialogue.ask(Stage.MAIL, b"<>\0", {})
    assert not dialogue.awaits(Stage.MAIL)
    assert dialogue.awaits(Stage.RCPT)
    assert dialogue.awaits(Stage.END_OF_MESSAGE)
    assert [False, True] == [agreed(version=version).awaits(Stage.DATA) for version in (3, 4)]


def test_macros_go_before_their_stage():
    """
    Those without a value are left out, and a stage without any gets no packet of them.
    """
    dialogue = agreed()
    values = {"i": "Q1", "{auth_authen}": "a\0b", "{mail_addr}": ""}
    octets = dialogue.ask(Stage.MAIL, path_given("a@b.test", "SIZE=1"), values)
    assert [Packet(b"D", b"Mi\0Q1\0{auth_authen}\0ab\0"), Packet(b"M", b"<a@b.test>\0SIZE=1\0")] == packets(octets)
    assert [Packet(b"B", b"x")] == packets(dialogue.ask(Stage.BODY, b"x", values))
    assert [Packet(b"E")] == packets(dialogue.ask(Stage.END_OF_MESSAGE, b"", {}))


def test_a_filter_chooses_its_macros():
    """
    SMFIR_SETSYMLIST: names may come without their braces, and only where both sides agreed on the choice.
    """
    lists = b"\0\0\0\2i auth_authen,{x}\0" + b"\0\0\0\0\0"
    agreement = agreed(more=lists).agreement
    assert ("i", "{auth_authen}", "{x}") == agreement.macros_of(Stage.MAIL)
    assert () == agreement.macros_of(Stage.CONNECT)
    assert USUAL_MACROS[Stage.RCPT] == agreement.macros_of(Stage.RCPT)
    assert () == agreement.macros_of(Stage.BODY)
    assert USUAL_MACROS[Stage.MAIL] == agreed(actions=0, more=lists).agreement.macros_of(Stage.MAIL)


@pytest.mark.parametrize(
    "packet",
    [
        Packet(b"c"),
        Packet(b"O", bytes(11)),
        Packet(b"O", b"\0\0\0\7" + bytes(8)),
        Packet(b"O", b"\0\0\0\1" + bytes(8)),
        Packet(b"O", b"\0\0\0\6" + b"\0\0\2\0" + bytes(4)),
        Packet(b"O", b"\0\0\0\6" + bytes(4) + b"\x10\0\0\0"),
        Packet(b"O", b"\0\0\0\6\0\0\1\0" + bytes(4) + b"\0\0\0\x09i\0"),
        Packet(b"O", b"\0\0\0\6\0\0\1\0" + bytes(4) + b"\0\0\0\1i"),
        Packet(b"O", b"\0\0\0\6\0\0\1\0" + bytes(4) + b"\0\0\0\1{a\0"),
        Packet(b"O", b"\0\0\0\6\0\0\1\0" + bytes(4) + b"\0\0\0\1" + b"a " * 101 + b"\0"),
    ],
)
def test_an_answer_that_takes_what_was_not_offered_is_none(packet):
    """
    Nothing is agreed on with a filter that speaks another protocol.
    """
    dialogue = Dialogue()
    assert not dialogue.agree()
    dialogue.receive(packet.octets)
    with pytest.raises(SyntaxViolation):
        dialogue.agree()
    with pytest.raises(RuntimeError):
        dialogue.agreement  # noqa: B018 - the property raises


def test_steps_that_were_not_offered_are_not_taken():
    """
    The offer decides.
    """
    [packet] = packets(offer(Step.SKIP))
    assert Packet(b"O", b"\0\0\0\6\0\0\1\xff\0\0\4\0") == packet
    assert Step.SKIP == Agreement.parse(packet, Step.SKIP).steps
    with pytest.raises(SyntaxViolation):
        Agreement.parse(packet, Step.NO_HELO)


@pytest.mark.parametrize(
    ("stage", "packet", "words"),
    [
        (Stage.RCPT, Packet(b"h", b"X\0y\0"), "before its end"),
        (Stage.MAIL, Packet(b"s"), "skips"),
        (Stage.BODY, Packet(b"s"), "skips"),
        (Stage.HELO, Packet(b"d"), "discards"),
        (Stage.HELO, Packet(b"!"), "unknown kind"),
        (Stage.END_OF_MESSAGE, Packet(b"h", b"X\0y"), "NUL"),
        (Stage.END_OF_MESSAGE, Packet(b"h", b"X\0"), "1 texts"),
        (Stage.END_OF_MESSAGE, Packet(b"h", b"X\0y\0z\0"), "3 texts"),
        (Stage.END_OF_MESSAGE, Packet(b"m", b"\0\0"), "0 texts"),
        (Stage.END_OF_MESSAGE, Packet(b"2", b"a\0b\0c\0"), "3 texts"),
        (Stage.END_OF_MESSAGE, Packet(b"b", bytes(65_536)), "more than 65535"),
        (Stage.RCPT, Packet(b"y", b"250 2.0.0 Ok\0"), "not a reply that refuses"),
        (Stage.RCPT, Packet(b"y", b"550 a\r\n551 b\0"), "different codes"),
        (Stage.RCPT, Packet(b"y", b"\r\n".join([b"550-a"] * 33) + b"\0"), "more than 32 lines"),
    ],
)
def test_what_a_filter_may_not_say_is_its_error(stage, packet, words):
    """
    It is read as nothing else.
    """
    dialogue = agreed()
    dialogue.receive(packet.octets)
    with pytest.raises(SyntaxViolation, match=words):
        dialogue.next_answer(stage)


@pytest.mark.parametrize(
    ("packet", "needed"),
    [
        (b"hX\0y\0", Action.ADD_FIELDS),
        (b"i\0\0\0\0X\0y\0", Action.ADD_FIELDS),
        (b"m\0\0\0\1X\0y\0", Action.CHANGE_FIELDS),
        (b"bx", Action.CHANGE_BODY),
        (b"e<>\0", Action.CHANGE_SENDER),
        (b"+<a@b>\0", Action.ADD_RECIPIENTS),
        (b"2<a@b>\0", Action.ADD_RECIPIENTS_WITH_PARAMETERS),
        (b"-<a@b>\0", Action.DELETE_RECIPIENTS),
        (b"qwhy\0", Action.QUARANTINE),
    ],
)
def test_a_filter_changes_only_what_was_agreed_on(packet, needed):
    """
    Each kind of change has its action.
    """
    found = Packet(packet[:1], packet[1:])
    assert read_answer(found, needed)
    with pytest.raises(SyntaxViolation, match="not agreed on"):
        read_answer(found, ALL_ACTIONS & ~needed)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"550 5.7.1 no %% such", Reply(550, EnhancedStatus(5, 7, 1), "no % such")),
        (b"550", Reply(550, None, "")),
        (b"450 5.7.1 other class", Reply(450, None, "5.7.1 other class")),
        (b"550 5.7.1", Reply(550, EnhancedStatus(5, 7, 1), "")),
        (b"451-4.7.1 wait\r\n451 4.7.1 a little", Reply(451, EnhancedStatus(4, 7, 1), "wait\na little")),
        (b"550 caf\xc3\xa9\tx\r\n", Reply(550, None, "caf??x")),
        (b"550 " + b"x" * 900, Reply(550, None, "x" * 400)),
    ],
)
def test_the_words_of_a_reply_are_fit_for_a_client(octets, expected):
    """
    Percent signs are single again; what is not printable ASCII gives way; lines have a limit.
    """
    assert Replied(expected) == read_answer(Packet(b"y", octets + b"\0"), Action(0))


@pytest.mark.parametrize("octets", [b"\0\0\0\0", b"\0\x10\0\1", b"HTTP/1.1"])
def test_a_frame_has_a_limit(octets):
    """
    What speaks another protocol is found by its first octets, and takes no memory.
    """
    reader = PacketReader()
    reader.receive(octets)
    with pytest.raises(SyntaxViolation):
        reader.next_packet()


def test_answers_do_not_depend_on_how_octets_are_cut():
    """
    TCP has no borders of packets.
    """
    dialogue = agreed(steps=Step.SKIP)
    for octet in Packet(b"s").octets[:-1]:
        dialogue.receive(bytes([octet]))
        assert dialogue.next_answer(Stage.BODY) is None
        assert dialogue.has_more
    dialogue.receive(b"s")
    assert Verdict.SKIP is dialogue.next_answer(Stage.BODY)


@pytest.mark.parametrize(
    ("field", "keeps_blanks", "expected"),
    [
        (b"Subject:  two\r\n blanks\r\n", False, b"Subject\0 two\n blanks\0"),
        (b"Subject:  two\r\n blanks\r\n", True, b"Subject\0  two\n blanks\0"),
        (b"Subject :x", False, b"Subject\0x\0"),
        (b"no field\r\n", False, None),
    ],
)
def test_a_field_goes_as_libmilter_has_it(field, keeps_blanks, expected):
    """
    Folds are line feeds, and a line of no field is left out.
    """
    assert expected == field_data(field, keeps_blanks=keeps_blanks)


def test_a_client_of_ipv6_has_the_prefix_of_sendmail():
    """
    Filters tell the families apart by it.
    """
    assert b"[::1]\x006\0\0IPv6:::1\0" == connected("[::1]", ip_address("::1"), 0)
