"""What holds of a destination: its settings, and the rules that give them."""
