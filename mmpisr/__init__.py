"""PISR: relate panoptic, instance and semantic predictions (CVPR 2022) in OpenMMLab."""

from contextlib import suppress

__version__ = '0.1.0'

with suppress(ImportError):  # `python -m mmpisr.check_env` must run without mmengine
    from mmengine.config.utils import MODULE2PACKAGE

    # Lets a config say `_base_ = 'mmpisr::...'`, and `'mmseg::...'` with the
    # maintained distribution, whose own mapping names a package that is not there.
    MODULE2PACKAGE.update(mmpisr='mmpisr', mmseg='mmseg')
