"""The flags of ``explain_relation.py``; what it writes: ``tests/explanations``."""

import subprocess
import sys

import pytest

SCRIPT = 'tools/analysis_tools/explain_relation.py'


def run(repo, *arguments):
    command = [sys.executable, str(repo / SCRIPT), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=repo
    )


@pytest.mark.slow
@pytest.mark.parametrize('models', [[], ['a.py', 'b.pth', '--study', 's.yaml']])
def test_either_a_config_or_a_study_is_needed(repo, tmp_path, models):
    done = run(repo, *models, '--out', str(tmp_path))
    assert done.returncode == 2
    assert 'give either CONFIG CHECKPOINT... or --study' in done.stderr


@pytest.mark.slow
def test_a_missing_checkpoint_is_named_without_a_traceback(repo, tmp_path):
    config = 'configs/pisr/pisr_panoptic-deeplab_r18_1200-iter_scenes.py'
    done = run(repo, config, 'none.pth', '--out', str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        'explain_relation.py: none.pth: this checkpoint does not exist'
    )
