"""Number of files that a reader must open to follow one training step."""

import sys
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.optim import OptimWrapper
from tiny_hosts import SIZES, build, make_batch

import mmpisr

PACKAGE = Path(mmpisr.__file__).parent


@contextmanager
def entered_files():
    """Files of the package in which a function is called inside the block."""
    files, before = set(), sys.getprofile()

    def keep(frame, event, _):
        path = Path(frame.f_code.co_filename)
        if event == 'call' and path.is_relative_to(PACKAGE):
            files.add(path.relative_to(PACKAGE).as_posix())

    sys.setprofile(keep)
    try:
        yield files
    finally:
        sys.setprofile(before)


def test_a_step_of_pisr_on_panoptic_deeplab_enters_at_most_ten_files():
    host = build('panoptic-deeplab', host=True)
    batch = make_batch('panoptic-deeplab', *SIZES)
    optimizer = OptimWrapper(torch.optim.SGD(host.parameters(), lr=0.01))

    with entered_files() as files:
        host.train().train_step(batch, optimizer)

    assert {'models/hosts/panoptic_deeplab.py', 'models/relations/pisr.py'} <= files
    assert len(files) <= 10, sorted(files)
