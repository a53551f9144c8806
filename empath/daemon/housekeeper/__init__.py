"""The housekeeper: the dead, reports, retention, control orders."""
