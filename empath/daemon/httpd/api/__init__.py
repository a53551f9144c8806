"""The API: the public views as resources, and orders."""
