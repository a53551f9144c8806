"""Pools of connections."""

import json

import gevent
import pytest

from empath.config import load_config
from empath.config.hosts import own_greetings
from empath.daemon.worker.pool import ConnectionPool
from empath.net.stream import Deadlines
from tests.kit.process import configuration


@pytest.fixture
def deadlines():
    """Running deadlines; at the end no stream is open."""
    kept = Deadlines()
    watch = gevent.spawn(kept.run)
    yield kept
    watch.kill()
    assert [] == list(kept)


@pytest.fixture
def make_pool(tmp_path, deadlines):
    """Makes pools with settings of [delivery]."""
    made = []

    def make(tls=None, measure=None, dialogues=None, **settings):
        file = tmp_path / "empath.toml"
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
        file.write_text(configuration(2525, f"[delivery]\n{lines}"))
        config = load_config(file)
        own_names = own_greetings(config)
        how = {"own_names": own_names, "tls": tls, "measure": measure, "dialogues": dialogues}
        made.append(ConnectionPool(config.delivery, str(config.hostname), deadlines, **how))
        return made[-1]

    yield make
    for pool in made:
        pool.close_idle(all_of_them=True)
