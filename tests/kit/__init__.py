"""What tests share: peers, processes and strategies."""
