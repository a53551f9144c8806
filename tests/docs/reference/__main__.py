"""`python -m tests.docs.reference`, or `make reference`: write all generated files and parts."""

from pathlib import Path

from tests.docs.reference import generated

ROOT = Path(__file__).parents[3]

if __name__ == "__main__":
    for name, text in generated(ROOT).items():
        (ROOT / name).write_text(text, encoding="utf-8")
