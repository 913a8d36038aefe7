"""Make COCO-panoptic datasets of other layouts: resumable, checked, atomic."""
