"""How passwords are kept."""

import pytest

from empath.errors import SyntaxViolation
from empath.policy.password import DECOY, SALT_OCTETS, PasswordHash

SALT = bytes(range(SALT_OCTETS))
HASH = PasswordHash.of("pencil", SALT)


def test_a_hash_matches_its_password_alone():
    assert HASH.matches("pencil")
    assert not HASH.matches("Pencil")


def test_a_hash_has_a_text_form():
    """
    The row has it; the form is the one of other programs.
    """
    assert str(HASH).startswith("$scrypt$ln=15,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$")
    assert HASH == PasswordHash.parse(str(HASH))
    assert repr(HASH.octets) not in repr(HASH)


def test_the_decoy_costs_as_much_as_a_hash_and_matches_nothing():
    """
    The time of a refusal must not tell which names exist.
    """
    assert (HASH.log_cost, HASH.block_size) == (DECOY.log_cost, DECOY.block_size)
    assert not DECOY.matches("pencil")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pencil",
        str(HASH).replace("ln=15", "ln=0"),
        str(HASH).replace("ln=15", "ln=40"),
        str(HASH).replace("r=8", "r=99"),
        str(HASH)[:-4],
        str(HASH)[:-2],
        str(HASH).replace("scrypt", "argon2id"),
    ],
)
def test_another_text_is_not_a_hash(text):
    """
    A row that asks for the memory of the whole host is not obeyed.
    """
    with pytest.raises(SyntaxViolation):
        PasswordHash.parse(text)
