"""Find configs and tools, in a checkout and in an installed wheel.

In a wheel, ``_base_ = 'mmpisr::...'`` is a file below ``mmpisr/.mim/configs``, which
``setup.py`` adds. A checkout must not have that folder: onedl-mim 0.5.1 searches the
whole checkout for a config given by its bare name, follows links, and refuses a name
that it finds twice. There, the file is below the checkout's ``configs``.
"""

from pathlib import Path

from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

PACKAGE = Path(__file__).resolve().parent


def mim_root() -> Path:
    """Return the folder with ``configs``, ``tools`` and ``model-index.yml``."""
    carried = PACKAGE / '.mim'
    return carried if carried.is_dir() else PACKAGE.parent


def register_config_packages() -> None:
    """Make ``_base_ = 'mmpisr::...'`` and ``'mmseg::...'`` work in configs.

    mmengine's entry for mmseg is the name of a distribution that is no longer
    maintained. For mmpisr, ``Config._get_cfg_path`` is replaced. It is private, but
    mmengine 0.10 has no public way to use configs outside of a package's ``.mim``
    folder, or to choose their scope. It would give models and datasets the scope
    ``mmpisr``, in which mmdet does not find its own defaults (``MaxIoUAssigner`` builds
    ``BboxOverlaps2D``). Our configs always have the scope of mmdet.
    """
    MODULE2PACKAGE.update(mmpisr='mmpisr', mmseg='mmseg')
    mmengines = Config._get_cfg_path

    def look_up(cfg_path: str, filename: str) -> tuple[str, str | None]:
        package, _, name = cfg_path.partition('::')
        if package != 'mmpisr' or not name:
            return mmengines(cfg_path, filename)
        path = mim_root() / 'configs' / name
        if not path.is_file():
            raise FileNotFoundError(f'{filename}: base {cfg_path!r} is not at {path}')
        return str(path), 'mmdet'

    Config._get_cfg_path = staticmethod(look_up)
