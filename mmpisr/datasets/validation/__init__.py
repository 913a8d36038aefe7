"""Checks of a COCO-panoptic json and its files.

``panoptic_json`` raises the first error; ``command`` lists all problems of all splits.
"""
