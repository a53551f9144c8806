"""test_encoded_words - header text as people read it, with any charset that a sender may name"""

import pytest

from empath.message.encoded_words import decoded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("news", "news"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ==?= =?us-ascii?q?_and_more?=", "Grüße and more"),
        ("=?utf-8?b?A?=", None),
        ("=?us-ascii?q?=80?=", None),
        ("=?nonsense?q?news?=", None),
        ("=?hex?q?news?=", None),
        ("=?é?q?news?=", None),
        ("=?x\0?q?news?=", None),
        ("=?utf-7?q?+2AA-?=", None),
        ("=?unicode_escape?q?=5Cud800?=", None),
    ],
)
def test_words_are_decoded_where_they_give_text(text: str, words: str | None) -> None:
    """
    Where they do not, the text stays as it is.
    """
    assert (text if words is None else words) == decoded(text)
