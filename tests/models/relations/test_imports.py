import subprocess
import sys

import pytest

RUN = """
import sys, torch
from mmpisr.models.relations import {name}
relation = {name}(8, num_classes=3, num_instances=2)
relation(torch.rand(2, 8, 4, 4), torch.rand(2, 3, 4, 4), torch.rand(2, 2, 4, 4))
loaded = {{name.partition('.')[0] for name in sys.modules}} & {forbidden}
sys.exit(f'{{loaded}} loaded' if loaded else 0)
"""


@pytest.mark.parametrize(
    'name', ['PISR', 'ConcatRelation', 'ProductRelation', 'ConvRelation']
)
def test_a_relation_runs_in_a_process_that_never_loads_mmdet(name):
    code = RUN.format(name=name, forbidden={'mmdet', 'mmseg', 'mmcv'})

    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_ocr_runs_where_mmdet_cannot_be_imported():
    blocked = 'import sys; sys.modules["mmdet"] = None\n'
    code = blocked + RUN.format(name='OCRRelation', forbidden={'panopticapi'})

    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
