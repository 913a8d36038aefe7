"""A host that starts as the base model whose checkpoint is loaded."""

from collections.abc import Collection, Mapping

from mmengine.logging import print_log
from torch import nn

from mmpisr.models.relations import Gated


def init_final_from_base(host: nn.Module, final_to_base: Mapping[str, str]) -> None:
    """Copy loaded base modules into the final ones that a checkpoint does not have.

    The gates of all that is added between them are closed then, so that the host
    predicts what the base predicts.

    Whatever loads the checkpoint (``load_from``, ``init_cfg``, torch) does it: the
    copies are made as soon as the host's own parameters are loaded. The final modules
    are still reported as missing, since the checkpoint lacks them. A checkpoint of the
    host itself has them, and is left as it is.

    Args:
        host: Any module; both names are of its children.
        final_to_base: Name of a final module to the name of the base's module.
    """

    def copy(module: nn.Module, incompatible: object) -> None:
        missing: Collection[str] = incompatible.missing_keys  # type: ignore[attr-defined]
        copies = {
            final: base
            for final, base in final_to_base.items()
            if _is_missing(module, final, missing, every=True)
            and not _is_missing(module, base, missing, every=False)
        }
        for final, base in copies.items():
            source = module.get_submodule(base)
            module.get_submodule(final).load_state_dict(source.state_dict())
            print_log(f'{final} starts as a copy of {base}', logger='current')
        if copies:
            _close_gates(module)

    host.register_load_state_dict_post_hook(copy)


def _close_gates(host: nn.Module) -> None:
    for module in host.modules():
        if isinstance(module, Gated):
            module.close()


def _is_missing(
    module: nn.Module, child: str, missing: Collection[str], *, every: bool
) -> bool:
    """Whether a checkpoint lacks every, or any, parameter of a child.

    ``missing`` may name them from a parent of the module.
    """
    names = [f'.{child}.{n}' for n, _ in module.get_submodule(child).named_parameters()]
    absent = [any(f'.{key}'.endswith(name) for key in missing) for name in names]
    return all(absent) if every else any(absent)
