"""A json of outlines given as COCO panoptic: recognised, and the command is named."""

import json

import pytest

from mmpisr.datasets import PanopticDataset
from mmpisr.datasets.validation.command import main

COMMAND = r'coco_instances.py .*given.json IMAGES --out FOLDER'
INSTANCES = dict(
    images=[dict(id=1, file_name='a.jpg', height=4, width=4)],
    annotations=[dict(id=1, image_id=1, category_id=1, segmentation=[])],
    categories=[dict(id=1, name='car')],
)


@pytest.fixture(params=['instances', 'labelme'])
def given(request, tmp_path):
    """Path of a json that holds no segments."""
    content = dict(instances=INSTANCES, labelme=dict(shapes=[], imagePath='a.jpg'))
    (tmp_path / 'given.json').write_text(json.dumps(content[request.param]))
    return str(tmp_path / 'given.json')


def test_a_dataset_of_outlines_names_the_command(given):
    with pytest.raises(ValueError, match=COMMAND):
        PanopticDataset(given, data_prefix=dict(img='', seg=''))


def test_the_checker_names_the_command_once(given, capsys):
    assert main([given, '--workers', '1']) == 1

    printed = capsys.readouterr().out
    assert printed.count('coco_instances.py') == 1
    assert '1 errors' in printed
