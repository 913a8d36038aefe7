"""A NaN stops a training before the weights change."""

from types import SimpleNamespace

import pytest
import tiny_hosts
import torch
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper

from mmpisr.engine.hooks import FiniteLossHook, LossNotFiniteError


class Runner(SimpleNamespace):
    """What the hook uses of a runner."""

    def save_checkpoint(self, folder, name, save_param_scheduler):
        state = {key: value.clone() for key, value in self.model.state_dict().items()}
        torch.save(dict(state_dict=state), f'{folder}/{name}')


@pytest.mark.parametrize('host', [False, True])
def test_the_state_from_before_is_on_disk(tmp_path, host):
    model = tiny_hosts.build('panoptic-deeplab', host=host).train()
    config = dict(optimizer=dict(type='SGD', lr=0.1))
    wrapper = build_optim_wrapper(model, config)
    runner = Runner(model=model, work_dir=str(tmp_path), iter=6, rank=0)
    hook = FiniteLossHook()
    hook.before_train(runner)
    batch = tiny_hosts.make_batch('panoptic-deeplab', (64, 64), (48, 64))
    for index, sample in enumerate(batch['data_samples']):
        sample.set_metainfo(dict(img_path=f'{index}.png'))

    hook.before_train_iter(runner, 6, batch)
    model.train_step(batch, wrapper)  # a finite loss passes

    before = {key: value.clone() for key, value in model.state_dict().items()}
    batch['inputs'][0] = batch['inputs'][0].float()
    batch['inputs'][0][:] = torch.nan
    hook.before_train_iter(runner, 6, batch)
    with pytest.raises(
        LossNotFiniteError,
        match=r"iteration 7: losses are .*loss_semantic.*nan.*\['0\.png', '1\.png'\]",
    ):
        model.train_step(batch, wrapper)

    saved = torch.load(tmp_path / 'before_nan_iter_6.pth')['state_dict']
    assert saved.keys() == before.keys()
    assert all(torch.equal(saved[key], before[key]) for key in saved)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


class Model(BaseModel):
    """A model of one weight."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        raise NotImplementedError


@pytest.mark.parametrize('batch', [None, [1], dict(data_samples=dict(sup=[1]))])
def test_batches_of_other_kinds_stop_too(tmp_path, batch):
    runner = Runner(model=Model(), work_dir=str(tmp_path), iter=0, rank=0)
    hook = FiniteLossHook()
    hook.before_train(runner)
    hook.before_train_iter(runner, 0, batch)

    runner.model.parse_losses(dict(loss_a=torch.ones(2)))
    with pytest.raises(LossNotFiniteError, match=r'inf.* for the images \[\]'):
        runner.model.parse_losses(dict(loss_a=torch.tensor(torch.inf)))
