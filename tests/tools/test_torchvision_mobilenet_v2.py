"""Torchvision's MobileNetV2, converted for mmseg."""

import runpy

import cv2
import pytest
import torch
from mmseg.models.backbones import MobileNetV2
from torch.nn import functional as F

EGYPTIAN_CAT, ESPRESSO = 285, 967  # of ImageNet's 1000 classes
NORM = 'running_mean', 'running_var', 'weight', 'bias'  # as F.batch_norm takes them
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture(scope='module')
def tool(repo):
    return runpy.run_path(
        str(repo / 'tools/model_converters/torchvision_mobilenet_v2.py')
    )


@pytest.fixture
def torchvision_state():
    """As in torchvision's file: other names, the same order, and a classifier."""
    own = MobileNetV2().state_dict()
    state = {f'features.0.{i}.{name}': v for i, (name, v) in enumerate(own.items())}
    last = {'features.18.0.weight': torch.rand(1280, 320, 1, 1)}
    return state | last | {'classifier.1.weight': torch.rand(1000, 1280)}


def test_the_backbone_has_the_tensors_of_the_file_in_their_order(
    tool, torchvision_state
):
    converted = tool['convert_state_dict'](torchvision_state)

    assert len(converted) == 255
    for name, value in converted.items():
        (given,) = (v for k, v in torchvision_state.items() if k.endswith(f'.{name}'))
        assert torch.equal(value, given)


def test_a_model_of_another_width_is_refused(tool):
    narrow = MobileNetV2(widen_factor=0.5).state_dict()

    with pytest.raises(ValueError, match=r'has the shape .*of width 1.0'):
        tool['convert_state_dict'](narrow)


def test_a_file_that_lacks_a_tensor_is_refused(tool, torchvision_state):
    del torchvision_state[next(iter(torchvision_state))]

    with pytest.raises(ValueError, match='has 255 tensors .* has 254'):
        tool['convert_state_dict'](torchvision_state)


@pytest.mark.parametrize(
    ('picture', 'label'), [('chelsea', EGYPTIAN_CAT), ('coffee', ESPRESSO)]
)
def test_the_converted_network_classifies_photographs(tool, repo, picture, label):
    weights = repo.parent / 'shared/weights/mobilenet_v2-b0353104.pth'
    if not weights.is_file():
        pytest.skip(f"{weights}: torchvision's weights are not there")
    data = pytest.importorskip('skimage.data', reason='needs scikit-image')
    state = torch.load(weights, weights_only=True)
    backbone = MobileNetV2()
    backbone.load_state_dict(tool['convert_state_dict'](state), strict=False)
    backbone.eval()
    image = cv2.resize(getattr(data, picture)(), (256, 256))[16:-16, 16:-16]
    image = torch.from_numpy(image).float().div(255).sub(torch.tensor(MEAN))
    image = image.div(torch.tensor(STD)).permute(2, 0, 1)[None]  # (1, 3, 224, 224)

    with torch.no_grad():
        feats = F.conv2d(backbone(image)[-1], state['features.18.0.weight'])
        norm = [f'features.18.1.{n}' for n in NORM]
        feats = F.relu6(F.batch_norm(feats, *(state[name] for name in norm)))
    feats = feats.mean(dim=(2, 3))
    logits = feats @ state['classifier.1.weight'].T + state['classifier.1.bias']

    assert logits.argmax().item() == label
