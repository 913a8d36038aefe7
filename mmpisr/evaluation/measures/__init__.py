"""The measures of a panoptic prediction."""
