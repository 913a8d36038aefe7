"""Checks of a COCO-panoptic dataset, one family a file; ``command`` runs them all.

``categories``, ``images`` and ``annotations`` read the json only, and are what
``PanopticDataset`` raises the first error of. The others read its files too.
"""
