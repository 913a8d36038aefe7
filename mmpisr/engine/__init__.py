"""Hooks, and the loading of checkpoints."""
