"""Two gloo processes that add up their gradients.

A spawned process cannot import a test file by its name, so it runs the file by its
path.
"""

from pathlib import Path
from runpy import run_path

import torch
import torch.multiprocessing as mp
from torch import distributed

Gradients = dict[str, dict[str, torch.Tensor]]


def summed_gradients(file: str, function: str, folder: Path) -> Gradients:
    """Call a function on two processes and add up what both return.

    Args:
        file: The Python file that defines the function.
        function: Its name; it takes the numbers of the images that it trains on, and
            returns gradients by case and parameter.
        folder: An empty folder for what the processes exchange.
    """
    mp.spawn(_work, (file, function, folder), nprocs=2)
    return torch.load(folder / 'sum.pt')


def _work(rank: int, file: str, function: str, folder: Path) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/store', rank=rank, world_size=2
    )
    gradients = run_path(file)[function]([rank])
    for case in gradients.values():
        for gradient in case.values():
            distributed.all_reduce(gradient)
    if rank == 0:
        torch.save(gradients, folder / 'sum.pt')
    distributed.barrier()
    distributed.destroy_process_group()
