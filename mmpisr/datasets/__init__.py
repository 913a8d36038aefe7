"""Panoptic datasets."""
