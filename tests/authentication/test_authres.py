"""Authentication-Results, RFC 8601."""

import re
import time

import pytest

from empath.authentication.authres import MethodResult, authserv_id, results_field
from tests.kit.vectors import cases, vectors

QUOTED_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)', re.DOTALL)


@pytest.mark.parametrize(("text", "expected"), vectors("authres")["whose"])
def test_whose_a_field_is(text, expected):
    assert expected == authserv_id(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "mx.example.",
        "MX.Example",
        '"mx.example. "',
        '"mx.\r\n\texample" 1;',
        "mx.example.(x)",
        "mx.\uff45xample",
        "\ufeffmx.example",
    ],
)
def test_a_name_has_one_spelling(text):
    """
    A reader may take any of these for the name of this host.
    """
    assert "mx.example" == authserv_id(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "dmarc=pass header.from=bank.example",
        " spf (x) = pass",
        "\r\n\tdkim/1=pass",
        "dkim (y) / 1 (z) = pass",
        "auth=pass;",
    ],
)
def test_results_without_a_name_are_nobodys(text):
    """
    Exchange and others write them so, and there are readers that trust a field without a name.
    """
    assert authserv_id(text.encode()) is None


def test_a_name_of_labels_with_umlauts_is_that_of_its_a_labels():
    assert "mx.xn--bcher-kva.example" == authserv_id("MX.B\u00fccher.example; dmarc=pass".encode())


@pytest.mark.parametrize("case", cases("authres"))
def test_foreign_text_writes_no_result(case):
    """
    Another implementation writes it as it is, so that a sender passes DKIM by its local part.
    """
    results = [
        MethodResult(method, result, comment or "", reason or "", [(name, value) for name, value in properties])
        for method, result, comment, reason, properties in case["results"]
    ]
    field = results_field("mx.us.example", results).decode()
    assert case.get("field", field) == field
    assert case.get("must_not_contain_unquoted", "\0") not in QUOTED_OR_COMMENT.sub("", field)
    assert field.endswith("\r\n")
    assert all(line[:1] in "\t " for line in field.split("\r\n")[1:-1])


def test_a_field_has_a_line_for_each_result():
    results = [
        MethodResult("spf", "pass", properties=[("smtp.mailfrom", "SRS0=x=y=b=a@a.example"), ("smtp.helo", "h")]),
        MethodResult("dkim", "fail", reason="no key", properties=[("header.d", "a=b"), ("header.b", "x" * 400)]),
    ]
    assert (
        "Authentication-Results: mx.example;\r\n"
        "\tspf=pass smtp.mailfrom=SRS0=x=y=b=a@a.example smtp.helo=h;\r\n"
        '\tdkim=fail reason="no key" header.d="a=b"\r\n'
        f'\t header.b="{"x" * 300}"\r\n'
    ) == results_field("mx.example", results).decode()


def test_a_name_behind_many_blanks_is_nobodys():
    """
    A header of a megabyte of them took a fifth of a second; and no part of a name is taken for the name.
    """
    assert "mx.example" == authserv_id(b" " * 8_000 + b"mx.example; x")
    for blanks in (8_182, 8_185, 8_192, 1_000_000):
        assert authserv_id(b" " * blanks + b"mx.example; x") is None


@pytest.mark.parametrize("value", [b"(" * 100_000, b"(\\" * 1_000 + b"x", b'"' + b"\\" * 999, b'"x', b"\xff\xfe"])
def test_a_field_of_any_depth_is_read_or_is_nobodys(value):
    """
    1,000 brackets ended another implementation with a RecursionError.
    """
    began_s = time.process_time()
    assert authserv_id(value) in (None, "\ufffd\ufffd")
    assert time.process_time() - began_s < 2
