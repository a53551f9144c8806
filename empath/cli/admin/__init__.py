"""The verbs of empath-admin, a module for each family, each with its VERBS."""
