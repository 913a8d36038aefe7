import json

import pytest
from evidence.cost import check_controls
from evidence.study_file import read_study

STUDY = """
seeds: [0]
config: pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py
variants:
  - label: base
    config: panoptic_deeplab/panoptic-deeplab_r18_1200-iter_scenes.py
  - label: convolution
    control: PISR
    options:
      model.relation: {_delete_: true, type: mmpisr.ConvRelation, channels: CHANNELS}
  - label: PISR
"""


@pytest.fixture
def check(tmp_path):
    path = tmp_path / 'annotations' / 'panoptic_val.json'
    path.parent.mkdir()
    path.write_text(json.dumps({'images': [dict(height=128, width=192)]}))

    def check(channels):
        study = tmp_path / 'study.yaml'
        study.write_text(STUDY.replace('CHANNELS', str(channels)))
        check_controls(read_study(study), {'data_root': str(tmp_path)})

    return check


def test_a_control_that_adds_what_its_model_adds_is_accepted(check):
    check(64)


@pytest.mark.parametrize('channels', [56, 80])
def test_a_control_that_adds_more_or_less_is_refused_with_both_gmacs(check, channels):
    message = r"'convolution' adds 0\.\d+ GMACs to the base, but 'PISR'.* adds 0\.\d+"
    with pytest.raises(ValueError, match=message):
        check(channels)
