"""The limits on clients: each is a decision here, and its reply and its counter are in `refusal`."""
