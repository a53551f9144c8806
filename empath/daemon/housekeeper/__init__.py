"""The housekeeper: dead processes, reports, retention, orders to the service."""
