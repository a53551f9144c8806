"""A configuration of Postfix, read and translated: main.cf, master.cf, and tables that are text."""
