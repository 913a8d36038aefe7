"""No config of ours pads in a pipeline."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmpisr.datasets.pipeline_checks import check_pipelines

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PATHS = sorted(CONFIGS.glob('*/*.py')) + sorted(CONFIGS.glob('*/tta/*.py'))


@pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)
def test_padding_is_left_to_the_data_preprocessor(path):
    check_pipelines(Config.fromfile(path))
