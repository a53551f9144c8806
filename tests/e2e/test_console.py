"""The console of a real service in a real browser."""

import pytest

from tests.kit.browser import CHROMIUM, Driven, page
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.waiting import eventually

HOSTILE = "Subject: </title><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">"


@pytest.fixture
def console(tmp_path):
    """A service with a console, and its address."""
    port = free_port()
    made = Empathd(tmp_path / "service", f'[http]\naddress = "127.0.0.1:{port}"\nopen_console = true\n')
    try:
        yield made.start(), f"http://127.0.0.1:{port}/console"
    finally:
        made.clean_up()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; Debian's package chromium has one")
def test_a_mail_is_seen_from_its_arrival_to_its_end(console, tmp_path):
    """
    The scripts run under the policy of the pages: the charts are drawn. Those of a stranger do not.
    """
    service, address = console
    service.send("u1@here.test", f"{HOSTILE}\r\n\r\nHi\r\n".encode())
    eventually(lambda: select(service.queue, "SELECT 1 FROM history"), "the delivery")
    life = page(f"{address}/message/1", tmp_path)
    assert ("attempt: delivered", "accepted") == tuple(w for w in ("attempt: delivered", "accepted") if w in life)
    assert "<title>broken" not in life
    assert "&lt;script&gt;document.title" in life
    overview = page(address, tmp_path)
    assert 2 == overview.count("<canvas")
    assert 'id="trouble" role="alert" hidden' in overview


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium; Debian's package chromium has one")
def test_a_page_that_renews_itself_keeps_the_focus(console, tmp_path):
    """
    A person who works by keyboard would begin at the top of the page every five seconds.
    """
    browser = Driven(console[1], tmp_path)
    try:
        found = browser.run(
            """
            new Promise(done => {
              const before = [...document.querySelectorAll("#live a")][2];
              before.focus();
              document.addEventListener("htmx:afterSettle", () => setTimeout(() => {
                const now = document.activeElement;
                done(JSON.stringify([before.isConnected, now.getAttribute("href") === before.getAttribute("href")]));
              }));
              htmx.ajax("GET", location.pathname, {target: "#live", select: "#live", swap: "outerHTML"});
            })
            """
        )
    finally:
        browser.close()
    assert "[false,true]" == found
