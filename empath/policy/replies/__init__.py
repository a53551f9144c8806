"""What replies of hosts say beyond the fate of a recipient: a class, and what is to be done about the destination."""
