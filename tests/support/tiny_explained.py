"""Configs of the small models that explanations are tried on."""

from tiny_hosts import CONFIGS

NAME = 'panoptic-deeplab_r18_1200-iter_scenes.py'
BASE, HOST = CONFIGS / 'panoptic_deeplab' / NAME, CONFIGS / 'pisr' / f'pisr_{NAME}'
