"""test_retention - what is forgotten while others write: nobody waits, and no mail loses its content"""

from typing import TYPE_CHECKING

import psycopg
import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.retention import Cutoffs, ForgetMessages, ForgetRecipients
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

AT_ONCE = Cutoffs.at(T0 + 1e6, delivered_s=0, final_s=0, content_s=0, audit_s=0)
REVIVE = "UPDATE history SET status = 'queued'"


@pytest.fixture
def bounced(queue: "PostgresQueue") -> "PostgresQueue":
    """A queue with one recipient, which bounced and is reported."""
    queue.accept()
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.BOUNCED))
    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))
    queue.write("UPDATE _recipient SET settled_at = ?", T0)
    queue.write("DELETE FROM _notice")
    return queue


@pytest.mark.parametrize(
    "forget", [ForgetRecipients([1], AT_ONCE), ForgetMessages([1], AT_ONCE)], ids=["row", "content"]
)
def test_what_somebody_revives_just_now_stays(
    bounced: "PostgresQueue", forget: ForgetRecipients | ForgetMessages
) -> None:
    """
    On SQLite one of the two waits. Here retention passes over it; else the mail would wait without its content.
    """
    with psycopg.connect(bounced.conninfo, options="-c search_path=empath") as person:
        person.execute(REVIVE)
        bounced.run(forget)
        assert (0, 0, 0) == (forget.recipients, forget.messages, forget.contents)

    assert ["queued"] == bounced.statuses()
    assert [(1,)] == bounced.select("SELECT count(*) FROM _content")


def test_who_revives_waits_for_retention_and_hears_that_the_content_is_gone(bounced: "PostgresQueue") -> None:
    """
    The order is refused, as it is a moment later.
    """
    with psycopg.connect(bounced.conninfo, options="-c search_path=empath") as retention:
        retention.execute("SELECT 1 FROM _message FOR UPDATE")
        bounced.other().execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            bounced.other().execute(REVIVE)
        bounced.other().execute("RESET lock_timeout")
        retention.execute("UPDATE _message SET content_locator = NULL")
    with pytest.raises(psycopg.errors.CheckViolation, match="the content of this message has been removed"):
        bounced.other().execute(REVIVE)
