"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``."""

from mmpisr.apis.launch import evaluate

if __name__ == '__main__':
    evaluate()
