"""The page's command for polygons, run in this process."""

import json
import re
import runpy
import shlex
import sys

import cv2
import numpy as np
import pytest
from mmengine.config import Config


@pytest.fixture
def run(repo, tmp_path, monkeypatch):
    """Run the page's command in a folder with one picture and its json."""
    page = (repo / 'docs/your_own_data.md').read_text()
    section = page[page.index('\n## Polygons') :]
    command = re.search(r'```bash\n(.*?)```', section, re.DOTALL)[1]
    _, tool, *args = shlex.split(command.replace('\\\n', ' '))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'IMAGES').mkdir()
    cv2.imwrite('IMAGES/a.png', np.zeros((6, 10, 3), np.uint8))

    def run(**annotation):
        square = dict(
            image_id=1, category_id=1, segmentation=[[0, 0, 4, 0, 4, 4, 0, 4]]
        )
        content = dict(
            images=[dict(id=1, file_name='a.png')],
            annotations=[square | annotation],
            categories=[dict(id=1, name='car')],
        )
        (tmp_path / 'instances.json').write_text(json.dumps(content))
        monkeypatch.setattr(sys, 'argv', [tool, *args])
        runpy.run_path(str(repo / tool), run_name='__main__')

    return run


def test_it_writes_the_dataset_and_its_configs(run, capsys):
    run()

    printed = capsys.readouterr().out.split()
    names = ('my_data.py', 'panoptic-deeplab_r18-slim_my_data.py')
    for name in (*names, f'pisr_{names[1]}'):
        assert name in printed
        cfg = Config.fromfile(name)
        assert cfg.val_evaluator.ann_file.endswith(
            'data/mine/annotations/panoptic_train.json'
        )


def test_a_mistake_is_a_message(run):
    with pytest.raises(SystemExit, match=r'coco_instances.py: .*has image_id 7'):
        run(image_id=7)
