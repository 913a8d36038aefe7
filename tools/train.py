"""Train a model: ``python tools/train.py CONFIG``."""

from mmpisr.apis.launch import train

if __name__ == '__main__':
    train()
