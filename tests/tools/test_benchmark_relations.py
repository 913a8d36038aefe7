"""The benchmark of relations alone: what is timed, what is counted, its page."""

import importlib
import re
import sys

import pytest
import torch
from torch import nn


@pytest.fixture
def tool(repo, monkeypatch):
    monkeypatch.syspath_prepend(repo / 'tools' / 'analysis_tools')
    tool = importlib.import_module('benchmark_relations')
    monkeypatch.setattr(tool, 'CASES', (tool.Case(16, 8, 12, 5, 3),))
    return tool


@pytest.fixture
def models(tool):
    return tool.build_all(tool.CASES[0], width=8, device='cpu', amp=False)


class Product(nn.Module):
    """Squared features times their sigmoid and a weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16, 1, 1))

    def forward(self, feats, sem_probs, heatmaps):
        return feats.view_as(feats) * feats * feats.sigmoid() * self.weight


def test_the_reference_comes_first_and_adds_two_convolutions(models):
    assert [*models] == ['reference', 'PISR', 'OCRRelation', 'ConvRelation']
    reference = models['reference']
    weights = sum(p.numel() for p in reference.module.parameters())
    assert weights == (9 * 16 + 1) * 128 + (128 + 1) * 16

    nn.init.zeros_(reference.module.restore.weight)
    nn.init.zeros_(reference.module.restore.bias)
    actual = reference.forward(amp=False)
    torch.testing.assert_close(actual, reference.inputs[0])


def test_every_storage_is_counted_once_and_no_parameter_is(tool):
    model = tool.TimedModule(Product(), tool.CASES[0])
    feats = 16 * 8 * 12 * 4
    # the features, which two views share; their square; the sigmoid; the last product
    assert model.saved_bytes(amp=False) == 4 * feats


def test_the_inputs_are_features_probabilities_and_heatmaps(models):
    assert models['PISR'].input_bytes == (16 + 5 + 3) * 8 * 12 * 4
    assert all(values.requires_grad for values in models['PISR'].inputs)


def test_autocast_saves_fewer_bytes_of_a_convolution(tool):
    case = tool.CASES[0]._replace(height=32, width=48)
    model = tool.build_all(case, width=8, device='cpu', amp=True)['reference']
    assert model.saved_bytes(amp=True) < model.saved_bytes(amp=False)


@pytest.mark.parametrize('work', ['step', 'forward'])
def test_each_work_takes_time_and_leaves_no_gradient(models, work):
    for model in models.values():
        assert model.seconds(work) > 0
        assert all(values.grad is None for values in model.inputs)
        assert all(weight.grad is None for weight in model.module.parameters())


@pytest.mark.parametrize('amp', [[], ['--amp']])
def test_the_page_has_a_row_a_model(tool, monkeypatch, capsys, tmp_path, amp):
    out = tmp_path / 'docs' / 'relations.md'
    flags = ['--device', 'cpu', '--turns', '2', '--width', '8', '--out', str(out), *amp]
    monkeypatch.setattr(sys, 'argv', ['benchmark_relations.py', *flags])
    tool.main()

    text = capsys.readouterr().out
    assert out.read_text() == text.removesuffix('\n')
    assert '## C = 16, 8 x 12, N = 5, K = 3' in text
    assert f'On cpu, {"bfloat16 autocast" if amp else "float32"}, 2 turns. B = 1.' in (
        ' '.join(text.split())
    )
    rows = [line.split(' | ') for line in text.splitlines() if line.startswith('| ')]
    assert [row[0] for row in rows[2:]] == [
        '| reference',
        '| PISR',
        '| OCRRelation',
        '| ConvRelation',
    ]
    assert rows[2][3:5] == ['1.000', '1.000 to 1.000']


@pytest.mark.parametrize('flag', ['--turns', '--width'])
def test_nothing_to_do_is_refused(tool, monkeypatch, capsys, flag):
    monkeypatch.setattr(sys, 'argv', ['benchmark_relations.py', flag, '0'])
    with pytest.raises(SystemExit):
        tool.main()
    assert f'{flag} is 0, expected at least 1' in capsys.readouterr().err


def test_tf32_is_stated_on_a_gpu_only(tool):
    pattern = ' TF32 is (on|off) in convolutions and (on|off) in matrix products.'
    assert re.fullmatch(pattern, tool.tf32('cuda:0'))
    assert tool.tf32('cpu') == ''
