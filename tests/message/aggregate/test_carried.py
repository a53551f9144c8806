"""The report in a message: every form that hosts use, and those that would fill the memory."""

import base64
import gzip
import io
import tracemalloc
import zipfile
import zlib

import pytest

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.message.aggregate.carried import MOST_OCTETS, find_report, inflate
from empath.message.aggregate.mail import ReportMail, compose_mail, gzipped

XML = b"<feedback>\n" + b"x" * 500 + b"</feedback>\n"


def zipped(octets, method=zipfile.ZIP_DEFLATED):
    """*octets* in an archive."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", method) as archive:
        archive.writestr("a!b!1!2.xml", octets)
    return found.getvalue()


def mail(file=XML, media_type="application/gzip", **more):
    """A message with *file*."""
    whole = ReportMail(
        org_name='Ours "Ltd"',
        sender="dmarc@ours.test",
        subject_domain="a.test",
        submitter="mx.ours.test",
        report_id="1@mx.ours.test",
        words=("Words.",),
        file_name="mx.ours.test!a.test!1!2.xml.gz",
        file=file,
        media_type=media_type,
        multipart="multipart/mixed",
        **more,
    )
    return compose_mail(whole, ["a@a.test", "b@b.test"], message_id="1@mx.ours.test", boundary="=_b", at=Timestamp(0.0))


def test_our_own_message_has_the_form_of_the_rfc():
    """
    RFC 9990 §3.4.2: the subject, the name of the file, and its type.
    """
    head, _, _ = mail(gzipped(XML), more=[("TLS-Report-Domain", "a.test")]).partition(b"\r\n\r\n")
    assert [
        "Date: Thu, 1 Jan 1970 00:00:00 +0000",
        'From: "Ours Ltd" <dmarc@ours.test>',
        "To: a@a.test,",
        " b@b.test",
        "Subject: Report Domain: a.test Submitter: mx.ours.test Report-ID:",
        " <1@mx.ours.test>",
        "Message-ID: <1@mx.ours.test>",
        "TLS-Report-Domain: a.test",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="=_b"',
    ] == head.decode().split("\r\n")


def test_the_same_file_is_compressed_alike():
    """
    A report that is made again is the same.
    """
    assert gzipped(XML) == gzipped(XML)


FILES = (gzipped(XML), zipped(XML), zipped(XML, zipfile.ZIP_STORED), XML, b"\xef\xbb\xbf" + XML)


@pytest.mark.parametrize("file", FILES, ids=range(len(FILES)))
def test_every_form_of_the_file_is_read(file):
    """
    Hosts use all of them, and give them all types.
    """
    assert XML.strip() == find_report([mail(file, "application/octet-stream")]).strip()


def test_a_message_that_is_the_file_is_read():
    """
    Some hosts send no multipart.
    """
    for encoding, body in ((b"7bit", XML.replace(b"\n", b"\r\n")), (b"quoted-printable", b"<feedback=\r\n/>")):
        head = b"Content-Type: text/xml\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n"
        assert find_report([head, body]).startswith(b"<feedback")


class Pipe(io.BytesIO):
    """A file that has no places: the sizes in an archive come behind its entries."""

    def seekable(self):
        return False

    def tell(self):
        raise OSError


def archive(*entries, method=zipfile.ZIP_DEFLATED, to=io.BytesIO):
    """An archive of names and files."""
    found = to()
    with zipfile.ZipFile(found, "w", method) as made:
        for name, octets in entries:
            made.writestr(name, octets)
    return found.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        archive(("reports/", b""), ("reports/a.xml", XML)),
        archive(("__MACOSX/._a.xml", b"\0\5\x16\7"), ("README.txt", b"hello"), ("a.xml", XML)),
        archive(("reports/", b""), ("a.xml", XML), to=Pipe),
        archive(("a.xml", XML), method=zipfile.ZIP_STORED, to=Pipe),
        archive(("note", b"x"), ("a.xml", XML), method=zipfile.ZIP_STORED, to=Pipe),
        archive(("a.xml.gz", gzipped(XML))),
        gzipped(archive(("a.xml", XML))),
        gzipped(gzipped(XML)),
        gzip.compress(XML[:100]) + gzip.compress(XML[100:]),
        gzipped(XML) + b"\r\n\r\n",
    ],
    ids=range(10),
)
def test_a_file_may_be_packed_in_odd_ways(file):
    """
    With folders and notes before it, twice, in members, or as a stream.
    """
    assert XML.strip() == find_report([mail(file)]).strip()


def test_an_archive_without_a_report_has_a_bound_of_entries():
    """
    Small entries cost more than their octets.
    """
    most = archive(*[(str(number), b"x") for number in range(20)], ("a.xml", XML))
    assert b"x" == inflate(most)
    assert b"" == inflate(archive(("a/", b"")))
    stored = archive(("a", b"words"), method=zipfile.ZIP_STORED, to=Pipe)
    assert b"words" == inflate(stored[: stored.index(b"PK\x07\x08")])
    assert gzipped(gzipped(XML)) == inflate(gzipped(gzipped(gzipped(gzipped(gzipped(XML))))))


@pytest.mark.parametrize("media_type", ["text/plain", "text/html"])
@pytest.mark.parametrize("file", [*FILES, b'{"report-id": "1"}'], ids=range(len(FILES) + 1))
def test_a_report_may_have_the_type_of_words(file, media_type):
    """
    As programs give it that know no other one. Words of people are none.
    """
    assert find_report([mail(file, media_type)])[:1] in (b"<", b"{")
    with pytest.raises(SyntaxViolation, match="no part with a report"):
        find_report([mail(b"<html>words</html>", media_type)])


def test_base64_may_lack_its_end():
    head = b"Content-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    for size in range(3):
        body = base64.b64encode(gzipped(XML + b" " * size)).rstrip(b"=")
        assert XML.strip() == find_report([head, body]).strip()


def bomb():
    """A small file of many octets."""
    return gzip.compress(b"<" + b"\0" * (MOST_OCTETS + 10))


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (bomb, f"it has more than {MOST_OCTETS} octets"),
        (
            lambda: archive(*[(str(number), b"\0" * 2_000_000) for number in range(12)]),
            f"it has more than {MOST_OCTETS} octets",
        ),
        (lambda: zipped(b"\0" * (MOST_OCTETS + 10)), f"it has more than {MOST_OCTETS} octets"),
        (gzipped(XML)[:-9], "it is cut short"),
        (gzipped(XML)[:10] + b"\xff" * 20, "it cannot be decompressed: "),
        (b"PK\x03\x04", "its archive is cut short"),
        (b"PK\x03\x04\x14\0\x01\0\x08\0" + b"\0" * 30, "its archive is encrypted, or in another form than deflate"),
        (b"PK\x03\x04\x14\0\x00\0\x0e\0" + b"\0" * 30, "its archive is encrypted, or in another form than deflate"),
    ],
    ids=range(8),
)
def test_a_file_that_is_no_use_is_refused(octets, words):
    """
    A file of some kB may stand for gigabytes.
    """
    made = octets() if callable(octets) else octets  # a large file only where the test runs
    with pytest.raises(SyntaxViolation) as raised:
        inflate(made)
    assert str(raised.value).startswith(words)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"Subject: hello\r\n\r\nhello\r\n", "it has no part with a report"),
        (b"Content-Type: image/png\r\n\r\nhello\r\n", "it has no part with a report"),
        (mail(gzipped(XML)[:-9]), "it is cut short"),
        (b"Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\nA\r\n", "its base64 is damaged: "),
        (
            b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 30,
            "it has more than 20 parts",
        ),
    ],
)
def test_a_message_without_a_report_is_refused(message, words):
    """
    The address is a public one.
    """
    with pytest.raises(SyntaxViolation) as raised:
        find_report([message])
    assert str(raised.value).startswith(words)


def test_short_lines_do_not_fill_the_memory():
    """
    Each is an object for a while: fifteen megabytes of them took seven hundred.
    """
    lines = b"Content-Type: image/png\r\n\r\n" + b"\r\n" * 500_000
    tracemalloc.start()
    try:
        with pytest.raises(SyntaxViolation):
            find_report(lines[at : at + 65_536] for at in range(0, len(lines), 65_536))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_stream_of_deflate_is_what_zip_has():
    """
    The sizes in the head of an entry may be zero, RFC 1952 and the notes of PKWARE.
    """
    packer = zlib.compressobj(wbits=-15)
    body = packer.compress(XML) + packer.flush()
    assert XML == inflate(b"PK\x03\x04\x14\0\x08\0\x08\0" + b"\0" * 16 + b"\x01\0\0\0a" + body)
