"""What runs around the model: hooks and checkpoints."""
