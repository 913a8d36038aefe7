import pytest
from mmengine.config import Config

from mmpisr.mim import mim_root


def write(tmp_path, text: str) -> str:
    (tmp_path / 'config.py').write_text(text)
    return str(tmp_path / 'config.py')


def test_a_config_anywhere_inherits_one_of_ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, "_base_ = 'mmpisr::_base_/default_runtime.py'")

    assert Config.fromfile(path).default_scope == 'mmdet'


def test_a_config_inherits_from_ours_and_from_mmseg_at_once(tmp_path):
    bases = ['mmpisr::_base_/default_runtime.py', 'mmseg::_base_/models/fpn_r50.py']
    path = write(tmp_path, f'_base_ = {bases}')

    assert Config.fromfile(path).model.decode_head.type == 'FPNHead'


def test_a_base_that_does_not_exist_is_named(tmp_path):
    path = write(tmp_path, "_base_ = 'mmpisr::pisr/none.py'")

    with pytest.raises(FileNotFoundError, match=r'pisr/none\.py'):
        Config.fromfile(path)


def test_configs_tools_and_the_index_lie_under_one_root():
    for name in 'configs', 'tools/train.py', 'model-index.yml':
        assert (mim_root() / name).exists()
