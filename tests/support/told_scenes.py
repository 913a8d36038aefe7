"""A small host for scenes whose first stage is given, trained in seconds.

Its intermediate stage gives look-alikes (carpet and sand, ...) one half each, so that
only the relation can tell them apart, by the object that decides.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from scenes import draw_scene
from torch import Tensor, nn
from torch.nn import functional as F

from mmpisr.datasets.panoptic_scenes import RELATIONS, PanopticScenes
from mmpisr.models.hosts import RelationHost

CLASSES = PanopticScenes.METAINFO['classes']
SIZE, STRIDE = (128, 192), 8
CHANNELS, SLOTS = 32, 2


def read_scene(*seed: int) -> tuple[np.ndarray, Tensor]:
    """The image of a scene, RGB, and its labels ``(h, w)``; void is N."""
    scene = draw_scene(seed, SIZE)
    labels = [len(CLASSES), *(CLASSES.index(name) for name, _ in scene.segments)]
    small = scene.index_map[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    return scene.image, torch.tensor(labels)[torch.from_numpy(small).long()]


def looks(labels: Tensor) -> Tensor:
    """What each pixel looks like, ``(B, h, w)`` to ``(B, N, h, w)``, sums to one."""
    maps = F.one_hot(labels, len(CLASSES) + 1)[..., :-1].permute(0, 3, 1, 2).float()
    for relation in RELATIONS:
        pair = [CLASSES.index(name) for name in relation[1:]]
        maps[:, pair] = maps[:, pair].mean(dim=1, keepdim=True)
    return maps


class ToldHost(RelationHost, nn.Module):
    """Features are a fixed random vector for what a pixel looks like."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(len(CLASSES), CHANNELS, 1, bias=False)
        self.embed.requires_grad_(False)
        self.set_relation(
            dict(type='mmpisr.PISR', channels=16, num_instances=SLOTS),
            in_channels=CHANNELS,
            num_classes=len(CLASSES),
        )
        self.final = nn.Conv2d(CHANNELS, len(CLASSES), 1)
        self.labels: dict[str, Tensor] = {}

    def logits(self, maps: Tensor) -> Tensor:
        """Final logits ``(B, N, h, w)``."""
        slots = maps.new_zeros(len(maps), SLOTS, *maps.shape[2:])
        empty = slots.new_zeros(slots.shape[:2], dtype=torch.bool)
        return self.final(self.relation(self.embed(maps), maps, slots, empty).feats)

    def data_preprocessor(self, batch: dict, training: bool) -> dict:
        """Leave the batch as it is."""
        return batch

    def extract_feat(self, inputs: Sequence[Tensor]) -> Tensor:
        """What the pixels look like: the inputs are labels."""
        return looks(torch.stack([*inputs]))

    def final_probs(self, feats: Tensor, samples: Sequence[DetDataSample]) -> Tensor:
        """Softmax of the final logits."""
        return self.logits(feats).softmax(dim=1)

    def predict(self, inputs: Sequence[Tensor], samples: list) -> list:
        """Add the most probable class of each pixel."""
        label = self.logits(self.extract_feat(inputs)).argmax(dim=1)
        for sample, one in zip(samples, label, strict=True):
            large = one.repeat_interleave(STRIDE, 0).repeat_interleave(STRIDE, 1)
            sample.pred_panoptic_seg = PixelData(sem_seg=large[None])
        return samples


def train_told_host(*, iterations: int = 200, num_scenes: int = 64) -> ToldHost:
    """Train on scenes of seeds (1, 0) and up."""
    torch.manual_seed(0)
    host = ToldHost()
    labels = torch.stack([read_scene(1, i)[1] for i in range(num_scenes)])
    optimizer = torch.optim.AdamW(host.parameters(), lr=5e-3)
    for _ in range(iterations):
        chosen = labels[torch.randint(num_scenes, (8,))]
        logits = host.logits(looks(chosen))
        loss = F.cross_entropy(logits, chosen, ignore_index=len(CLASSES))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return host.eval()


def batch_of(folder: Path, *seed: int) -> dict:
    """A scene as a data loader gives it, its image in a file."""
    image, labels = read_scene(*seed)
    path = folder / f'{"-".join(map(str, seed))}.png'
    cv2.imwrite(str(path), image[..., ::-1])
    shapes = dict.fromkeys(['img_shape', 'ori_shape', 'batch_input_shape'], SIZE)
    sample = DetDataSample(metainfo=dict(shapes, img_path=str(path), frame='RGB'))
    return dict(inputs=[labels], data_samples=[sample])
