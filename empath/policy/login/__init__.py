"""Logins: what a back end answers, and how many failures a client and an account may have."""
