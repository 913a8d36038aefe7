"""Where configs and tools lie, in a checkout and in an installed wheel.

``_base_ = 'mmpisr::...'`` is answered from ``mmpisr/.mim/configs``, which a wheel
carries (``setup.py``). A checkout must not have that folder: onedl-mim 0.5.1 searches
the whole checkout for a config given by its bare name, follows links, and refuses a
name that it finds twice. So a checkout answers from its own ``configs``.
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
    """Let configs say ``_base_ = 'mmpisr::...'`` and ``'mmseg::...'``.

    mmengine's own entry for mmseg names a distribution that the maintained one is not.
    """
    MODULE2PACKAGE.update(mmpisr='mmpisr', mmseg='mmseg')
    _answer_for_mmpisr()


def _answer_for_mmpisr() -> None:
    """Replace mmengine's lookup of a base config for the names ``mmpisr::...``.

    ``Config._get_cfg_path`` is private: mmengine 0.10 has no public way to answer for a
    package whose configs are not in its own ``.mim`` folder, or to choose the scope.
    It would also mark models and datasets with the scope ``mmpisr``, in which mmdet
    does not find its own defaults (``MaxIoUAssigner`` builds ``BboxOverlaps2D``). Ours
    are written for mmdet's, whatever the default scope of a project that inherits them.
    """
    look_up_elsewhere = Config._get_cfg_path

    def look_up(cfg_path: str, filename: str) -> tuple[str, str | None]:
        package, _, name = cfg_path.partition('::')
        if package != 'mmpisr' or not name:
            return look_up_elsewhere(cfg_path, filename)
        path = mim_root() / 'configs' / name
        if not path.is_file():
            raise FileNotFoundError(f'{filename}: base {cfg_path!r} is not at {path}')
        return str(path), 'mmdet'

    Config._get_cfg_path = staticmethod(look_up)
