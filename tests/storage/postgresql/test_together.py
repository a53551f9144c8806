"""
test_together - the queue is right when everybody writes at once, and the test would see it if it were not

With the triggers of SQLite in the place of bells, destinations sleep while mail for them is due: that is what the
second test is for.
"""

from functools import partial
from typing import TYPE_CHECKING

from tests.kit.queue import Queue
from tests.storage.postgresql.crowd import RELEASE, RING, Crowd

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

LATE = "destination that sleeps while mail is due"
# sql/sqlite/schema.sql, word for word, but for the language.
TRIGGERS = """
CREATE FUNCTION ported_no_bell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER ported_no_bell BEFORE INSERT ON _bell FOR EACH ROW EXECUTE FUNCTION ported_no_bell();

CREATE FUNCTION ported_due_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE _destination
     SET due_at = least(coalesce(due_at, new.next_retry_at), new.next_retry_at),
         priority = CASE WHEN due_at IS NULL THEN new.priority ELSE least(priority, new.priority) END
   WHERE destination_id = new.destination_id
     AND (due_at IS NULL OR due_at > new.next_retry_at OR priority > new.priority);
  RETURN NULL;
END $$;
CREATE TRIGGER ported_due_insert AFTER INSERT ON _recipient FOR EACH ROW
  WHEN (new.status IN ('queued', 'deferred')) EXECUTE FUNCTION ported_due_insert();

CREATE FUNCTION ported_due_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE _destination SET due_at = new.next_retry_at, priority = new.priority
   WHERE destination_id = new.destination_id AND (due_at IS NULL OR due_at > new.next_retry_at);
  RETURN NULL;
END $$;
CREATE TRIGGER ported_due_update AFTER UPDATE OF status, next_retry_at, priority, destination_id ON _recipient
  FOR EACH ROW WHEN (new.status IN ('queued', 'deferred')) EXECUTE FUNCTION ported_due_update();

CREATE FUNCTION ported_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE _destination
     SET is_full = ((SELECT count(*) FROM _lease WHERE destination_id = old.destination_id) >= lease_limit)::int
   WHERE destination_id = old.destination_id AND is_full = 1;
  RETURN NULL;
END $$;
CREATE TRIGGER ported_lease AFTER DELETE ON _lease FOR EACH ROW EXECUTE FUNCTION ported_lease();
"""
NO_TRIGGERS = """
DROP FUNCTION ported_no_bell, ported_due_insert, ported_due_update, ported_lease CASCADE;
"""


def test_everybody_at_once(queue: "PostgresQueue") -> None:
    """
    No limit is exceeded, nothing is late, lost, or delivered twice, whoever dies or edits meanwhile.
    """
    crowd = Crowd(queue, destinations=5)
    others = (crowd.work, crowd.work, crowd.work, crowd.judge, crowd.edit, crowd.edit, crowd.lunch, crowd.watch)
    accepting = Crowd(queue, destinations=5, seed=99)
    with crowd.at_work(*others), accepting.at_work(*[partial(accepting.accept, commits=150)] * 2):
        pass
    assert [] == crowd.errors + accepting.errors
    assert 0 == crowd.above_limit
    assert crowd.looks > 0
    assert {} == queue.violations()

    queue.other().execute(f"WITH edited AS ({RELEASE}) {RING}".encode())
    with crowd.at_work(crowd.drain):
        crowd.over.wait(60)
    assert [] == crowd.errors
    assert {} == queue.violations()
    assert [(accepting.accepted, 0)] == queue.select(
        "SELECT count(*), count(*) FILTER (WHERE status NOT IN ('delivered', 'bounced')) FROM _recipient"
    )
    assert [(0,)] == queue.select("SELECT count(*) FROM _lease")
    unexplained = """
        SELECT recipient_id FROM _recipient AS r
         WHERE NOT EXISTS (
           SELECT 1 FROM _attempt AS a WHERE a.recipient_id = r.recipient_id AND a.decided_status = r.status)"""
    assert [] == queue.select(unexplained)


def test_with_the_triggers_of_sqlite_destinations_sleep_while_mail_is_due(queue: Queue) -> None:
    """
    An update that finds the bound early enough writes nothing. A lease that does not see the mail yet raises it then.
    """
    from tests.kit.postgresql import PostgresQueue

    assert isinstance(queue, PostgresQueue)
    queue.other().execute(TRIGGERS.encode())
    try:
        crowd = Crowd(queue, destinations=10)
        for number in range(20):
            accepting = Crowd(queue, destinations=10, seed=1000 * number)
            acceptors = [partial(accepting.accept, commits=10)] * 2
            with crowd.at_work(crowd.work, crowd.work, crowd.work), accepting.at_work(*acceptors):
                pass
            late = queue.violations().get(LATE, [])
            if late:
                break
    finally:
        queue.other().execute(NO_TRIGGERS.encode())
        queue.empty()
    assert late
