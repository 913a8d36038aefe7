"""One of two processes that evaluate together; spawned, so it must be importable."""

import faulthandler
import os
import pickle

from random_scenes import META, samples_of


def evaluate(path, name, batch_size, round_up):
    """As a runner does: sampler, loader, metric, size of the dataset."""
    from mmengine.dataset import DefaultSampler
    from torch.utils.data import DataLoader

    from mmpisr.evaluation import PanopticMetric

    samples = [*samples_of(path, 0.3)]
    sampler = DefaultSampler(samples, shuffle=False, round_up=round_up)
    loader = DataLoader(
        samples, batch_size=batch_size, sampler=sampler, collate_fn=list
    )
    metric = PanopticMetric(
        str(path),
        miou=True,
        iiou=True,
        mask_ap='coco',
        ci=True,
        scores_file=str(path.parent / f'{name}.npz'),
        outfile_prefix=str(path.parent / name),
    )
    metric.dataset_meta = META
    for batch in loader:
        metric.process({}, batch)
    return metric.evaluate(size=len(samples))


def work(rank, path, cases):
    from torch.distributed import barrier, destroy_process_group, init_process_group

    faulthandler.enable()  # an abort in a thread of gloo says where
    os.chdir(path.parent)  # mmengine exchanges through a folder here
    init_process_group(
        'gloo', init_method=f'file://{path.parent}/meeting', rank=rank, world_size=2
    )
    found = [evaluate(path, f'two{i}', *case) for i, case in enumerate(cases)]
    (path.parent / f'{rank}.pkl').write_bytes(pickle.dumps(found))
    barrier()  # nobody hangs up while the other still writes
    destroy_process_group()  # else gloo's threads may abort the process as it ends
