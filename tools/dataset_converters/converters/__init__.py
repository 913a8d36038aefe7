"""Make COCO-panoptic datasets of other layouts: resumable, checked, whole or not."""

from .layout import missing_files
from .split import ImageJob, convert_split

__all__ = ['ImageJob', 'convert_split', 'missing_files']
