"""Train a model: ``python tools/train.py CONFIG``."""

from mmpisr.engine.launch import train

if __name__ == '__main__':
    train()
