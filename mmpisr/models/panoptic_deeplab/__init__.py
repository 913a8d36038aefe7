"""Panoptic-DeepLab, which mmdet lacks."""
