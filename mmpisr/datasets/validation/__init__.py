"""Checks of a COCO-panoptic json and its files, which yield problems.

``panoptic_json`` raises the first error; ``command`` lists every problem of all splits.
"""
