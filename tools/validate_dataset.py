"""Check a COCO-panoptic dataset: ``python tools/validate_dataset.py CONFIG|JSON``."""

import sys

from mmpisr.datasets.validation.command import main

if __name__ == '__main__':
    sys.exit(main())
