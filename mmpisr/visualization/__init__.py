"""Pictures of panoptic predictions."""
