"""The tables of the configuration file, one module for each concern."""
