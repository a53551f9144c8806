"""Which host is asked next, and the combined meaning of the replies of several hosts."""

import pytest

from empath.mail.fate import Said
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import Reply
from empath.policy.attempt import MAX_ROUNDS, DestinationHosts, MessageAttempt, loop_found, outcome_of
from empath.policy.hosts.search import Host, NoHost

DELIVERED, DEFERRED, BOUNCED, NEXT_HOST = Outcome
SILENT = Said(Stage.CONNECT, Reply.of("451 4.4.1 refused"))
TURNED_AWAY = Said(Stage.GREETING, Reply.of("554 5.7.1 go away"))
LATER = Said(Stage.RCPT, Reply.of("451 4.2.1 later"))
NEVER = Said(Stage.RCPT, Reply.of("550 5.1.1 no such user"))
LACKS = Said(Stage.MAIL, Reply.of("553 5.6.7 SMTPUTF8 is needed"))
TAKEN = Said(Stage.END_OF_DATA, Reply.of("250 2.0.0 ok"))
TOO_MANY = Said(Stage.RCPT, Reply.of("452 4.5.3 too many recipients"))
FULL = Said(Stage.END_OF_DATA, Reply.of("452 4.3.1 disk full"))


def destination(count):
    """A destination of *count* hosts: a, b, c…"""
    return DestinationHosts(tuple(Host(name, f"192.0.2.{n}", 25) for n, name in enumerate("abcdefgh"[:count], start=1)))


def ask(hosts, recipient_ids, *script):
    """Ask hosts until attempt and script are over: the name of each, and its outcomes."""
    attempt = MessageAttempt(hosts, recipient_ids)
    course = []
    replies = iter(script)
    while (host := attempt.host) is not None:
        said = next(replies)
        by_recipient = said if isinstance(said, dict) else dict.fromkeys(attempt.recipient_ids, said)
        assert list(by_recipient) == attempt.recipient_ids
        outcomes = attempt.record(by_recipient, is_reached=SILENT not in by_recipient.values())
        course.append((host.name, list(outcomes.values())))
    assert [] == list(replies)
    return course


COURSES = {
    "the first host takes it": ((TAKEN,), [("a", DELIVERED)]),
    "a final reply ends the attempt at the first host": ((NEVER,), [("a", BOUNCED)]),
    "past the final dot no other host is asked": ((FULL,), [("a", DEFERRED)]),
    "the next host is asked after a soft reply": ((LATER, TAKEN), [("a", NEXT_HOST), ("b", DELIVERED)]),
    "the next host is asked after a silent one": ((SILENT, TAKEN), [("a", NEXT_HOST), ("b", DELIVERED)]),
    "two sessions are enough": ((LATER, LATER), [("a", NEXT_HOST), ("b", DEFERRED)]),
    "a host that turned us away is a session": ((TURNED_AWAY, LATER), [("a", NEXT_HOST), ("b", DEFERRED)]),
    "silent hosts are not sessions": (
        (SILENT, LATER, SILENT, NEVER),
        [("a", NEXT_HOST), ("b", NEXT_HOST), ("c", NEXT_HOST), ("d", BOUNCED)],
    ),
    "a host that lacks an extension is not a session": (
        (LACKS, LACKS, LACKS, LACKS),
        [("a", NEXT_HOST), ("b", NEXT_HOST), ("c", NEXT_HOST), ("d", BOUNCED)],
    ),
    "what the last host lacks defers where a silent host may have it": (
        (SILENT, LACKS, LACKS, LACKS),
        [("a", NEXT_HOST), ("b", NEXT_HOST), ("c", NEXT_HOST), ("d", DEFERRED)],
    ),
    "what the last host lacks defers where a host said 4yz": (
        (LACKS, LATER, LACKS, LACKS),
        [("a", NEXT_HOST), ("b", NEXT_HOST), ("c", NEXT_HOST), ("d", DEFERRED)],
    ),
    "a refusal of the recipient bounces whatever a host before said": (
        (SILENT, NEVER),
        [("a", NEXT_HOST), ("b", BOUNCED)],
    ),
    "all hosts are silent": (
        (SILENT, SILENT, SILENT, SILENT),
        [("a", NEXT_HOST), ("b", NEXT_HOST), ("c", NEXT_HOST), ("d", DEFERRED)],
    ),
}


@pytest.mark.parametrize(("script", "course"), COURSES.values(), ids=COURSES)
def test_an_attempt_goes_from_host_to_host(script, course):
    """
    Four hosts, one recipient.
    """
    assert course == [(name, outcome) for name, [outcome] in ask(destination(4), [7], *script)]


def test_only_recipients_without_an_outcome_go_to_the_next_host():
    """
    Each recipient has its own fate.
    """
    assert [("a", [NEXT_HOST, BOUNCED, NEXT_HOST]), ("b", [DELIVERED, DEFERRED])] == ask(
        destination(3), [1, 2, 3], {1: LATER, 2: NEVER, 3: LATER}, {1: TAKEN, 3: LATER}
    )


def test_each_recipient_is_put_off_by_its_own_replies():
    """
    A host that said 4yz about one recipient may lack an extension that the other needs.
    """
    lacks = Said(Stage.RCPT, LACKS.reply)
    assert [("a", [NEXT_HOST, NEXT_HOST]), ("b", [DEFERRED, BOUNCED])] == ask(
        destination(2), [1, 2], {1: LATER, 2: lacks}, {1: lacks, 2: lacks}
    )


LEASES = {
    "a silent host is not asked again": (
        [(SILENT, TAKEN), (TAKEN,)],
        [[("a", [NEXT_HOST]), ("b", [DELIVERED])], [("b", [DELIVERED])]],
    ),
    "a host that was not asked may have what the other lacks": (
        [(SILENT, LACKS), (LACKS,)],
        [[("a", [NEXT_HOST]), ("b", [DEFERRED])], [("b", [DEFERRED])]],
    ),
    "a host that was reached is asked again": (
        [(TURNED_AWAY, LATER), (TAKEN,)],
        [[("a", [NEXT_HOST]), ("b", [DEFERRED])], [("a", [DELIVERED])]],
    ),
}


@pytest.mark.parametrize(("scripts", "courses"), LEASES.values(), ids=LEASES)
def test_a_lease_remembers_its_hosts(scripts, courses):
    """
    Otherwise twenty messages would wait twenty times for the same silence.
    """
    hosts = destination(2)
    assert courses == [ask(hosts, [7], *script) for script in scripts]
    assert (None, False) == (hosts.silence, hosts.is_failing)


def test_silence_is_final_once_no_host_gave_a_session():
    """
    The reply of the last host counts for all further messages.
    """
    last = Said(Stage.CONNECT, Reply.of("451 4.4.1 timed out"))
    hosts = destination(2)
    attempt = MessageAttempt(hosts, [7])
    assert {7: NEXT_HOST} == attempt.record({7: SILENT}, is_reached=False)
    assert (True, None) == (hosts.is_failing, hosts.silence)
    assert {7: DEFERRED} == attempt.record({7: last}, is_reached=False)
    assert (True, last) == (hosts.is_failing, hosts.silence)


def test_silence_after_a_session_is_not_final():
    """
    A host that deferred the mail may accept the next message.
    """
    hosts = destination(2)
    ask(hosts, [7], LATER, SILENT)
    assert (None, False) == (hosts.silence, hosts.is_failing)


def test_a_destination_without_a_host_has_its_answer_from_the_start():
    """
    The reply says whether that may change.
    """
    reply = Reply.of("556 5.1.10 x.test accepts no mail")
    hosts = DestinationHosts(NoHost(reply))
    assert (Said(Stage.DNS, reply), True) == (hosts.silence, hosts.is_failing)
    assert BOUNCED is outcome_of(Said(Stage.DNS, reply))
    assert MessageAttempt(hosts, [7]).host is None


BACKUPS = (Host("x", "192.0.2.11", 25), Host("y", "192.0.2.12", 25))


def with_backup(count):
    """A destination of *count* hosts that has backups."""
    return DestinationHosts(destination(count).hosts, has_backup=True)


def test_the_recipients_go_on_to_the_backups_when_no_host_gave_a_session():
    """
    Their answers so far are rows of hosts that were passed over, and no deferrals.
    """
    hosts = with_backup(2)
    attempt = MessageAttempt(hosts, [7, 8])
    assert {7: NEXT_HOST, 8: NEXT_HOST} == attempt.record({7: SILENT, 8: SILENT}, is_reached=False)
    assert {7: NEXT_HOST, 8: NEXT_HOST} == attempt.record({7: SILENT, 8: SILENT}, is_reached=False)
    assert (None, True) == (attempt.host, hosts.needs_backup)
    hosts.turn_to_backup(BACKUPS)
    attempt.go_on()
    assert (BACKUPS[0], [7, 8]) == (attempt.host, attempt.recipient_ids)
    assert {7: DELIVERED, 8: BOUNCED} == attempt.record({7: TAKEN, 8: NEVER}, is_reached=True)
    assert (None, False, False, None) == (attempt.host, hosts.needs_backup, hosts.is_failing, hosts.silence)


def test_further_messages_of_the_lease_begin_with_the_backups():
    """
    The other hosts may have what a backup lacks, so such mail waits.
    """
    hosts = with_backup(1)
    MessageAttempt(hosts, [7]).record({7: SILENT}, is_reached=False)
    hosts.turn_to_backup(BACKUPS)
    assert [("x", [NEXT_HOST]), ("y", [DEFERRED])] == ask(hosts, [8], LACKS, LACKS)


def test_a_host_that_gave_a_session_keeps_the_mail_from_the_backups():
    """
    They are for a time when no other host is there, not for mail that another host defers.
    """
    hosts = with_backup(2)
    assert [("a", [NEXT_HOST]), ("b", [DEFERRED])] == ask(hosts, [7], SILENT, LATER)
    assert not hosts.needs_backup


def test_silent_backups_defer():
    """
    The last silence is the answer for all further messages.
    """
    hosts = with_backup(1)
    attempt = MessageAttempt(hosts, [7])
    attempt.record({7: SILENT}, is_reached=False)
    hosts.turn_to_backup(BACKUPS[:1])
    attempt.go_on()
    assert {7: DEFERRED} == attempt.record({7: SILENT}, is_reached=False)
    assert (SILENT, False, True) == (hosts.silence, hosts.needs_backup, hosts.is_failing)


def test_backups_that_were_silent_before_are_not_asked_again():
    """
    A backup may be one of the hosts of the first hop.
    """
    hosts = with_backup(1)
    attempt = MessageAttempt(hosts, [7])
    attempt.record({7: SILENT}, is_reached=False)
    hosts.turn_to_backup(destination(1).hosts)
    attempt.go_on()
    assert (None, SILENT, True) == (attempt.host, hosts.silence, hosts.is_failing)


@pytest.mark.parametrize(("reply", "is_needed"), [("451 4.4.3 no answer", True), ("556 5.1.10 no mail", False)])
def test_backups_stand_in_for_a_domain_that_cannot_be_found(reply, is_needed):
    """
    But not for one that says itself that it takes no mail.
    """
    assert is_needed is DestinationHosts(NoHost(Reply.of(reply)), has_backup=True).needs_backup


def test_mail_that_loops_bounces_though_there_is_a_backup():
    """
    The next message of the lease has the same fate.
    """
    hosts = with_backup(1)
    loop = Said(Stage.EHLO, loop_found(hosts.hosts[0].__class__("a", "192.0.2.1", 25, 0), "mx.us.test"))
    assert {7: BOUNCED} == MessageAttempt(hosts, [7]).record({7: loop}, is_reached=False)
    assert (loop, False) == (hosts.silence, hosts.needs_backup)


def test_e7_a_route_without_a_login_defers_and_an_exchanger_that_wants_one_bounces():
    """
    Else all mail of the hour in which a login was missing would bounce.
    """
    said = {1: Said(Stage.MAIL, Reply.of("530 5.7.0 Authentication required"))}
    route, exchanger = (DestinationHosts((Host("a", "192.0.2.1", 25, preference),)) for preference in (None, 10))
    assert {1: DEFERRED} == MessageAttempt(route, [1]).record(said, is_reached=True)
    assert {1: BOUNCED} == MessageAttempt(exchanger, [1]).record(said, is_reached=True)


def test_too_many_recipients_are_asked_about_again_at_the_same_host():
    """
    This goes on as long as each transaction delivers. Recipients for another host go there once, after all
    transactions.
    """
    script = (
        {1: TAKEN, 2: TOO_MANY, 3: LATER, 4: TOO_MANY, 5: NEVER},
        {2: TAKEN, 4: TOO_MANY},
        {4: LATER},
        {3: TAKEN, 4: TAKEN},
    )
    course = [("a", [DELIVERED, NEXT_HOST, BOUNCED]), ("a", [DELIVERED]), ("a", [NEXT_HOST]), ("b", [DELIVERED] * 2)]
    assert course == ask(destination(3), (1, 2, 3, 4, 5), *script)


def test_a_transaction_that_delivers_nothing_has_no_further_one():
    """
    The host has no room for these recipients at all, so this counts as an attempt.
    """
    script = {1: TAKEN, 2: TOO_MANY}, {2: TOO_MANY}
    assert [("a", [DELIVERED]), ("a", [DEFERRED])] == ask(destination(1), (1, 2), *script)
    assert [("a", [DEFERRED, DEFERRED])] == ask(destination(1), (1, 2), {1: TOO_MANY, 2: TOO_MANY})


def test_further_transactions_have_a_limit():
    """
    A lease must not last for as many transactions as a message has recipients.
    """
    recipients = range(MAX_ROUNDS + 10)
    script = [{n: TAKEN if n == first else TOO_MANY for n in recipients[first:]} for first in range(MAX_ROUNDS)]
    *_, last = ask(destination(1), recipients, *script)
    assert ("a", [DELIVERED] + [DEFERRED] * 10) == last


def test_further_transactions_are_one_session():
    """
    Two sessions are enough for an attempt, not two transactions.
    """
    script = {1: TAKEN, 2: TOO_MANY}, {2: LATER}, {2: LATER}
    assert [("a", [DELIVERED]), ("a", [NEXT_HOST]), ("b", [DEFERRED])] == ask(destination(3), (1, 2), *script)


BEST, EQUAL, WORSE = (
    Host(name, f"192.0.2.{n}", 25, max(n, 11), n < 12) for name, n in (("a", 10), ("b", 11), ("c", 20))
)
UNRESOLVED = Host("d", "192.0.2.30", 25, 30, is_best=False)
FIXED = Host("f", "192.0.2.40", 25)


@pytest.mark.parametrize(
    ("hosts", "loop_at", "script", "expected"),
    [
        ((BEST, WORSE), BEST, (), [("a", BOUNCED, "550 5.4.6")]),
        ((BEST, EQUAL, WORSE), EQUAL, (LATER,), [("a", NEXT_HOST, "451 4.2.1"), ("b", DEFERRED, "550 5.4.6")]),
        ((BEST, EQUAL, WORSE), EQUAL, (SILENT,), [("a", NEXT_HOST, "451 4.4.1"), ("b", DEFERRED, "550 5.4.6")]),
        ((BEST, WORSE), WORSE, (LATER,), [("a", NEXT_HOST, "451 4.2.1"), ("c", DEFERRED, "451 4.4.4")]),
        ((UNRESOLVED,), UNRESOLVED, (), [("d", DEFERRED, "451 4.4.4")]),
        ((FIXED, EQUAL), FIXED, (TAKEN,), [("f", NEXT_HOST, "451 4.3.5"), ("b", DELIVERED, "250 2.0.0")]),
        ((FIXED,), FIXED, (), [("f", DEFERRED, "451 4.3.5")]),
    ],
)
def test_e5_a_host_that_greets_by_our_name_ends_the_list_as_our_own_address_does(hosts, loop_at, script, expected):
    """
    Mail must not loop. It bounces only if no better host can accept it later. A mistake in our own routes defers it
    (E7).
    """
    attempt = MessageAttempt(DestinationHosts(hosts), [1])
    replies = iter(script)
    course = []
    while (host := attempt.host) is not None:
        is_loop = host is loop_at
        said = Said(Stage.EHLO, loop_found(host, "me.test")) if is_loop else next(replies)
        [outcome] = attempt.record({1: said}, is_reached=not is_loop and said is not SILENT).values()
        course.append((host.name, outcome, str(said.reply)[:9]))
    assert expected == course


def test_e5_what_one_message_found_out_holds_for_the_next():
    """
    A better host is still asked; hosts behind the loop are not.
    """
    hosts = DestinationHosts((BEST, EQUAL, WORSE))
    first = MessageAttempt(hosts, [1])
    first.record({1: LATER}, is_reached=True)
    first.record({1: Said(Stage.EHLO, loop_found(EQUAL, "me.test"))}, is_reached=False)
    assert [("a", [DEFERRED])] == ask(hosts, [2], LATER)


def test_e5_a_destination_that_is_this_host_has_one_answer_for_all_messages():
    """
    It needs no further session.
    """
    hosts = DestinationHosts((BEST, WORSE))
    MessageAttempt(hosts, [1]).record({1: Said(Stage.EHLO, loop_found(BEST, "me.test"))}, is_reached=False)
    assert hosts.silence is not None
    assert (BOUNCED, "550 5.4.6") == (outcome_of(hosts.silence), str(hosts.silence.reply)[:9])


NO_TLS = Said(Stage.TLS, Reply.of("550 5.7.30 The message needs REQUIRETLS and the host does not offer TLS"))
UNPROVED = Said(Stage.TLS, Reply.of("451 4.7.5 not verified"))


def asked(hosts, *script):
    """Ask the hosts of *hosts* about one recipient, none of which gives a session; the outcomes."""
    attempt = MessageAttempt(hosts, [1])
    return [attempt.record({1: said}, is_reached=False)[1] for said in script]


def test_g4_a_message_that_no_host_can_take_bounces_after_all_were_asked():
    """
    So does the next message of the lease with the same need, of which none is asked.
    """
    hosts = destination(2)
    assert [NEXT_HOST, BOUNCED] == asked(hosts, NO_TLS, NO_TLS)
    assert (NO_TLS, BOUNCED) == (hosts.silence, outcome_of(hosts.silence))


@pytest.mark.parametrize("script", [(SILENT, NO_TLS), (UNPROVED, NO_TLS), (NO_TLS, UNPROVED)])
def test_g4_a_message_waits_while_a_host_may_take_it_later(script):
    """
    Nor does the next message of the lease bounce.
    """
    hosts = destination(2)
    assert [NEXT_HOST, DEFERRED] == asked(hosts, *script)
    assert DEFERRED is outcome_of(hosts.silence)


@pytest.mark.parametrize(("silent", "outcome"), [(NO_TLS, BOUNCED), (UNPROVED, DEFERRED)])
def test_g4_a_host_that_was_not_asked_again_counts_as_it_did(silent, outcome):
    """
    The second message of a lease is asked of the hosts that are left.
    """
    hosts = destination(2)
    first = MessageAttempt(hosts, [1])
    first.record({1: silent}, is_reached=False)
    first.record({1: TAKEN}, is_reached=True)
    assert [outcome] == asked(hosts, NO_TLS)


def test_what_hosts_said_without_tls_counts_for_messages_with_other_needs():
    """
    They would wait for the same silence. What a host said about TLS does not count: others may not need it.
    """
    found = destination(2).hosts
    first = DestinationHosts(found)
    assert [NEXT_HOST, DEFERRED] == asked(first, SILENT, UNPROVED)
    other = DestinationHosts(found, others=[first])
    assert (None, [("b", [DELIVERED])]) == (other.silence, ask(other, [2], TAKEN))


def test_messages_with_other_needs_do_not_wait_for_hosts_that_are_all_silent():
    found = destination(2).hosts
    first = DestinationHosts(found)
    asked(first, SILENT, SILENT)
    other = DestinationHosts(found, others=[first], has_backup=True)
    assert (SILENT, True, True) == (other.silence, other.is_failing, other.needs_backup)
