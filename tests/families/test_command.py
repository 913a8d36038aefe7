import subprocess
import sys

import pytest

BASE = 'mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py'
TEXT = f"""_base_ = '{BASE}'
model = dict(
    panoptic_head=dict(
        type='mmpisr.PISRMaskFormerHead',
        relation=dict(type='mmpisr.PISR', num_instances=30),
    ),
)
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys=dict(
            category_=dict(decay_mult=0.0),
        ),
    ),
)
"""


@pytest.fixture
def call(tmp_path):
    """Run the command in an empty folder."""

    def call(*args):
        command = [sys.executable, '-m', 'mmpisr', 'add-relation', *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return call


def test_the_command_writes_the_config_and_prints_it(call, tmp_path):
    done = call(BASE, '--num-instances', '30')

    written = tmp_path / 'pisr_maskformer_r50_ms-16xb1-75e_coco.py'
    assert done.returncode == 0, done.stderr
    assert written.read_text() == TEXT
    assert done.stdout.endswith(TEXT)


def test_a_mistake_is_a_message_and_not_a_traceback(call, tmp_path):
    done = call('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', '-o', 'out.py')

    assert done.returncode == 1
    assert 'docs/your_own_architecture.md' in done.stderr
    assert 'Traceback' not in done.stderr
    assert list(tmp_path.iterdir()) == []
