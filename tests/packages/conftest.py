"""What is tested on a compiled copy of the checkout alone."""

from empath.cli.version import version_text

collect_ignore = [] if version_text().endswith("(compiled)") else ["test_in_c.py"]
