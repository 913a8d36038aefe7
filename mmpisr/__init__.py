"""PISR: relate panoptic, instance and semantic predictions (CVPR 2022) in OpenMMLab."""

from contextlib import suppress

__version__ = '0.1.0'

# `python -m mmpisr.check_env` must run where mmengine is missing or broken; whatever
# needs mmengine imports it again and shows the error.
with suppress(Exception):
    from mmpisr.mim import register_config_packages

    register_config_packages()
