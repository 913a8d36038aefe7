"""Functions behind the tools: train, test, compare, the demo."""
