"""The verbs of empath-admin. Each module has some of them, in its VERBS."""
