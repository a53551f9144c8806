"""Events: what happened to mail, for programs that listen."""
