import subprocess
import sys

from cityscapes_tree import write_cityscapes


def run(repo, *args):
    tool = repo / 'tools' / 'dataset_converters' / 'cityscapes.py'
    command = [sys.executable, str(tool), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_one_command_converts_all_splits(repo, tmp_path):
    root = write_cityscapes(tmp_path / 'cityscapes')

    done = run(repo, root, '--train-ids', '--workers', 1)

    assert done.returncode == 0, done.stderr
    names = {path.stem for path in root.glob('gtFine/*_trainId.json')}
    assert names == {
        f'cityscapes_panoptic_{split}_trainId' for split in ('train', 'val', 'test')
    }


def test_a_check_of_nothing_fails_with_the_layout(repo, tmp_path):
    done = run(repo, tmp_path, '--check-only', '--splits', 'val')

    assert done.returncode != 0
    assert 'gtFine/SPLIT/CITY/ID_gtFine_instanceIds.png' in done.stderr
