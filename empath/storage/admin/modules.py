"""modules - what a person does with modules that processes have switched off"""

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


class SwitchOn(Write):
    """
    Have the processes that switched the module *name* off call it again, in the name of *who*. `slots` has them.

    Raises:
        MissingInput: no process has switched it off.
    """

    def __init__(self, name: str, *, who: str) -> None:
        super().__init__()
        self.slots: list[str] = []
        self._name = name
        self._who = who

    def run(self, session: Session) -> None:
        self.slots = []
        with acting(session, self._who):
            for process_id, slot, names in session.rows("process.with_modules_off"):
                left = [name for name in str(names).split() if name != self._name]
                if len(left) < len(str(names).split()):
                    keys = {"process_id": process_id, "names": " ".join(left) or None}
                    session.run("process.switch_modules_on", keys)
                    self.slots.append(str(slot))
        if not self.slots:
            raise MissingInput(f"no process has switched {self._name!r} off; `empath-admin modules list` shows all")


def slots_without(engine: Engine) -> dict[str, list[str]]:
    """
    The slots of the processes that have switched a module off, by its name.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    found: dict[str, list[str]] = {}
    with engine.visiting(None) as visit:
        for _, slot, names in visit.rows("process.with_modules_off"):
            for name in str(names).split():
                found.setdefault(name, []).append(str(slot))
    return found
