"""Hand out only the images that no earlier run has finished."""

from collections.abc import Iterator
from math import ceil

from mmengine.dist import broadcast_object_list, get_dist_info, is_main_process
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import Dataset, Sampler

from .workspace import Workspace


@DATA_SAMPLERS.register_module()
class RemainingImagesSampler(Sampler):
    """Positions of the unfinished images, dealt to the processes in turn.

    No image is handed out twice: nothing is padded. The main process reads the
    journals for all, before any of them writes.

    Args:
        dataset: In the order of the submission's list.
        out_file: The submission's zip file.
        seed: Accepted for mmengine and not used: the order is fixed.

    Raises:
        ValueError: The dataset does not have as many images as the list.
    """

    def __init__(
        self, dataset: Dataset, *, out_file: str, seed: int | None = None
    ) -> None:
        workspace = Workspace(out_file)
        left: list[list[int]] = [[]]
        if is_main_process():
            images, done = workspace.read_list().images, workspace.index()
            if len(images) != len(dataset):  # type: ignore[arg-type]
                raise ValueError(
                    f'{workspace.list_path} lists {len(images)} images, the dataset '
                    f'has {len(dataset)}'  # type: ignore[arg-type]
                )
            left = [[i for i, image in enumerate(images) if image.id not in done]]
        broadcast_object_list(left)
        self.positions = left[0]
        self.rank, self.world_size = get_dist_info()

    def __iter__(self) -> Iterator[int]:
        """This process's positions."""
        return iter(self.positions[self.rank :: self.world_size])

    def __len__(self) -> int:
        """How many positions this process has."""
        return ceil(max(len(self.positions) - self.rank, 0) / self.world_size)

    def set_epoch(self, epoch: int) -> None:
        """Nothing changes between epochs."""
