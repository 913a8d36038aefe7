"""What models cost: time, memory, multiply-accumulates, and where it was measured."""
