"""metadata - the dictionary that modules fill for a message, always with the JSON that the queue would keep"""

import json
from typing import Any, Final

from empath.errors import SyntaxViolation

MAX_OCTETS: Final = 16_384
EMPTY: Final = "{}"


class Metadata:
    """
    Metadata of a session, and of the message that is under way.

    `value` is what modules write, `text` its JSON as of the last `keep`.
    """

    __slots__ = ("_of_session", "text", "value")

    def __init__(self) -> None:
        self.value: dict[str, Any] = {}
        self.text = EMPTY
        self._of_session: str | None = None  # while a message is under way

    @classmethod
    def of(cls, text: str) -> "Metadata":
        """The metadata that the queue has of a message, as a dictionary of its own."""
        metadata = cls()
        metadata.text, metadata.value = text, json.loads(text)
        return metadata

    def keep(self) -> None:
        """
        Take what is there now.

        Raises:
            SyntaxViolation: it is not JSON, or too large.
        """
        if not self.value and self.text is EMPTY:
            return
        try:
            text = json.dumps(self.value, allow_nan=False, ensure_ascii=False)
            size = len(text.encode())  # fails for a lone surrogate, which no database takes
        except (TypeError, ValueError, RecursionError) as exc:
            raise SyntaxViolation(f"metadata is not JSON: {exc}") from exc
        if size > MAX_OCTETS:
            raise SyntaxViolation(f"metadata has {size} octets of JSON, at most {MAX_OCTETS}")
        self.text = text

    def restore(self) -> None:
        """Forget what was written since the last `keep`."""
        self.value.clear()
        self.value.update(json.loads(self.text))

    def begin_message(self) -> None:
        """From now on, what is written belongs to one message."""
        self._of_session = self.text

    def end_message(self) -> None:
        """Go back to what belongs to the session."""
        if self._of_session is not None:
            self.text, self._of_session = self._of_session, None
            self.restore()
