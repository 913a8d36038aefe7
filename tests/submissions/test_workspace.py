import json

import pytest

from mmpisr import files
from mmpisr.submissions.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, coco_list):
    workspace = Workspace(tmp_path / 'a.zip')
    workspace.open(dict(config='a.py'), coco_list)
    return workspace


def test_a_new_workspace_has_no_finished_image(workspace, coco_list):
    assert workspace.finished() == set()
    assert workspace.read_list() == coco_list


def test_a_saved_image_is_finished_and_read_back(workspace):
    workspace.save(2, dict(x=1))

    assert workspace.finished() == {2}
    assert workspace.load(2) == dict(x=1)


def test_bytes_are_read_back_and_the_file_is_plain_json(workspace):
    results = dict(panoptic=[{'a.png': b'\x89PNG\x00\xff'}, None])
    workspace.save(0, results)

    assert workspace.load(0) == results
    assert json.loads((workspace.folder / '000000.json').read_text())


def test_the_last_results_of_an_image_count(workspace):
    for value in 1, 2:
        workspace.save(0, value)

    assert workspace.load(0) == 2


def test_an_image_whose_writing_was_stopped_is_not_finished(workspace, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.Path, 'replace', stop)
    monkeypatch.setattr(files.Path, 'unlink', lambda *_, **__: None)  # as after SIGKILL
    with pytest.raises(KeyboardInterrupt):
        workspace.save(1, 'results')

    assert len([*workspace.folder.glob('.*')]) == 1
    assert workspace.finished() == set()
