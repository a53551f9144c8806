"""test_guard - instants in a person's expression"""

import pytest

from empath.errors import UsageError
from empath.storage.sqlite.guard import check_instants


@pytest.mark.parametrize(
    "where",
    [
        "next_retry_at < 'now'",
        "attempts > 3 AND expires_at>='+1 hour'",
        "\"next_retry_at\" <= 'NOW'",
        "received_at BETWEEN '-1 day' AND 'now'",
    ],
)
def test_comparison_of_text_with_now_is_refused(where: str) -> None:
    """
    It is true of every row, and once `delete --where` cancelled all of them.
    """
    with pytest.raises(UsageError, match=r"_unix with unixepoch\(\)"):
        check_instants(where)


@pytest.mark.parametrize(
    "where",
    [
        "next_retry_at < datetime('now')",
        "next_retry_unix < unixepoch() + 60",
        "expires_at < '2030-01-02'",
        "reason = 'now'",
        "last_reply LIKE '+%'",
    ],
)
def test_comparison_that_means_something_is_taken(where: str) -> None:
    check_instants(where)
