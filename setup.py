"""What MIM and mmengine need in a wheel; everything else stands in ``setup.cfg``.

A wheel carries ``configs``, ``tools`` and ``model-index.yml`` twice:

- ``mmpisr/.mim``, where mmengine looks (``_base_ = 'mmpisr::...'``, ``get_model``);
- ``+mmpisr_mim/.mim``, where ``mim train|test mmpisr`` of onedl-mim 0.5.1 looks. It
  takes the first file in the distribution's sorted record for the package's folder.
  That would be ``../../../bin/mmpisr``, the command; a folder whose name begins with
  ``+`` sorts before ``.``.

An editable install puts the checkout's root on the path (setuptools' mode ``compat``):
in its newer modes, ``import mmpisr`` from the folder above a clone would find the
clone's folder ``mmpisr`` first, which holds no module. It has neither of the two. mim
reads the checkout's root from pip's ``direct_url.json`` and searches **all** of it for
a config named without its path, so the customary ``mmpisr/.mim/configs`` link would
make every name ambiguous. There ``mmpisr/mim.py`` answers ``mmpisr::...`` from the
checkout itself. For the same reason builds go to a temporary folder. They leave no copy
of a config in the checkout and no ``egg-info``, which ``python -m mim`` would take for
an installed mmpisr (nor does a file that was deleted since the last build get into a
wheel).
"""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_FOLDERS = 'mmpisr/.mim', '+mmpisr_mim/.mim'


def copy_mim_files(target: Path) -> None:
    """Copy what MIM reads from the checkout into a wheel's folder."""
    for folder in 'configs', 'tools':
        ignored = shutil.ignore_patterns('__pycache__')
        shutil.copytree(
            ROOT / folder, target / folder, ignore=ignored, dirs_exist_ok=True
        )
    shutil.copy2(ROOT / 'model-index.yml', target)


class BuildWithMimFiles(build_py):
    """Build the package, then add the folders that MIM and mmengine read."""

    def run(self) -> None:
        """Copy the MIM files unless the checkout itself is to be installed."""
        super().run()
        if not self.editable_mode:
            for folder in MIM_FOLDERS:
                copy_mim_files(Path(self.build_lib, folder))


with TemporaryDirectory() as build_base:
    setup(
        cmdclass={'build_py': BuildWithMimFiles},
        options=dict(
            build=dict(build_base=build_base),
            egg_info=dict(egg_base=build_base),
            editable_wheel=dict(mode='compat'),
        ),
    )
