"""A host that starts as the base model whose checkpoint is loaded."""

from collections.abc import Collection, Mapping

from mmengine.logging import print_log
from torch import nn

from mmpisr.models.relations import GatedResidual


def init_final_from_base(host: nn.Module, final_to_base: Mapping[str, str]) -> None:
    """Copy base modules into the final ones, as far as a checkpoint lacks these.

    Whatever loads the checkpoint (``load_from``, ``init_cfg``, torch) does it: the
    copies are made as soon as the host's own parameters are loaded. Parameters of the
    base that are lacking too, as those of another number of classes, are copied as
    they were drawn. The final modules are still reported as missing. Nothing is copied
    if no base module is in the checkpoint.

    A checkpoint of the base model has nothing of any final module. Then the gates of
    all that is added between them are closed, so that the host predicts what the base
    predicts.

    Args:
        host: Any module; both names are of its children.
        final_to_base: Name of a final module to the name of the base's module.
    """

    def copy(module: nn.Module, incompatible: object) -> None:
        missing: Collection[str] = incompatible.missing_keys  # type: ignore[attr-defined]
        if all(_lacks_all(module, base, missing) for base in final_to_base.values()):
            return
        for final, base in final_to_base.items():
            whole = _lacks_all(module, final, missing)
            source = {
                name: value
                for name, value in module.get_submodule(base).state_dict().items()
                if whole or _is_missing(final, name, missing)
            }
            module.get_submodule(final).load_state_dict(source, strict=False)
            for name in [''] if whole else [f'.{name}' for name in source]:
                text = f'{final}{name} starts as a copy of {base}{name}'
                print_log(text, logger='current')
        if all(_lacks_all(module, final, missing) for final in final_to_base):
            _close_gates(module)

    host.register_load_state_dict_post_hook(copy)


def _close_gates(host: nn.Module) -> None:
    for module in host.modules():
        if isinstance(module, GatedResidual):
            module.close_gate()


def _lacks_all(module: nn.Module, child: str, missing: Collection[str]) -> bool:
    """Whether a checkpoint lacks every parameter of a child."""
    names = [name for name, _ in module.get_submodule(child).named_parameters()]
    return all(_is_missing(child, name, missing) for name in names)


def _is_missing(child: str, name: str, missing: Collection[str]) -> bool:
    """Whether a checkpoint lacks an entry, which ``missing`` may name from a parent."""
    return any(f'.{key}'.endswith(f'.{child}.{name}') for key in missing)
