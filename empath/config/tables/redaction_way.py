"""
redaction_way - the words for what becomes of an address, a subject or a client
"""

from typing import Literal

RedactionWay = Literal["keep", "mask", "hmac", "drop"]
