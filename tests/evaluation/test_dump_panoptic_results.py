import pickle

import torch
from pycocotools import mask as mask_api

from mmpisr.evaluation import DumpPanopticResults

SAMPLE = {
    'img_id': 7,
    'gt_panoptic_seg': dict(sem_seg=torch.ones(1, 4, 6)),
    'pred_panoptic_seg': dict(sem_seg=torch.full((1, 4, 6), 3002)),
    'pred_sem_seg': dict(sem_seg=torch.full((1, 4, 6), 2), scores=torch.rand(5, 4, 6)),
    'pred_instances': dict(
        labels=torch.tensor([2]),
        scores=torch.tensor([0.5]),
        masks=torch.ones(1, 4, 6, dtype=torch.bool),
    ),
}


def test_the_dump_holds_predictions_without_truth_and_class_scores(tmp_path):
    path = tmp_path / 'out.pkl'
    dump = DumpPanopticResults(out_file_path=str(path))

    dump.process({}, [SAMPLE])
    dump.evaluate(size=1)

    (image,) = pickle.loads(path.read_bytes())
    assert set(image) == {
        'img_id',
        'pred_panoptic_seg',
        'pred_sem_seg',
        'pred_instances',
    }
    assert image['pred_panoptic_seg']['sem_seg'].dtype == torch.int32
    assert (image['pred_panoptic_seg']['sem_seg'] == 3002).all()
    assert set(image['pred_sem_seg']) == {'sem_seg'}
    assert mask_api.decode(image['pred_instances']['masks'][0]).sum() == 24
    assert 'scores' in SAMPLE['pred_sem_seg']  # other metrics still need it
