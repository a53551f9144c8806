"""authentication - who vouches for a message: signatures over it, and what the DNS says of its signers"""
