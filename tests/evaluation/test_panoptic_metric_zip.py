import shutil
import zipfile

import pytest
from random_scenes import evaluate, samples_of, write_scenes

from mmpisr.evaluation import PanopticMetric


@pytest.mark.parametrize('with_json', [True, False])
def test_the_truth_in_a_zip_file_scores_as_that_in_folders(tmp_path, with_json):
    folder = tmp_path / 'annotations'
    folder.mkdir()
    path = write_scenes(folder, num_images=5)  # five: the next file is read ahead
    samples = [*samples_of(path, 0.3)]
    expected = evaluate(PanopticMetric(str(path)), samples)
    packed = [*folder.glob('truth/*'), *[path][: int(with_json)]]
    with zipfile.ZipFile(tmp_path / 'annotations.zip', 'w') as archive:
        for file in packed:
            archive.write(file, file.relative_to(tmp_path))
    shutil.rmtree(folder / 'truth')
    if with_json:
        shutil.rmtree(folder)

    assert evaluate(PanopticMetric(str(path)), samples) == expected
