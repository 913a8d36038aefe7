"""Checks of a COCO-panoptic dataset with its files; ``command`` runs them all."""
