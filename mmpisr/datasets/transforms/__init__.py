"""Transforms for panoptic segments."""
