"""Keep messages that need no reader out of the terminal."""

import re
import warnings
from logging import DEBUG, INFO, LogRecord
from typing import Any

import mmengine.logging

IGNORED_WARNINGS = (
    'faster_coco_eval is not installed',  # mmpisr's metrics do not use it
    'Default ``avg_non_ignore`` is False',  # mmdet's Panoptic-FPN is trained that way
    'torch.meshgrid: in an upcoming release',
    '`broadcast_buffers` is deprecated',
)
LOG_FILE_ONLY = (
    f'\n{"-" * 60}\nSystem environment:',
    'Config:\n',
    'Hooks will be executed in the following order',
    'paramwise_options -- ',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
)


def ignore_upstream_messages() -> None:
    """Ignore what OpenMMLab's packages print on import and about their own code.

    ``print_log`` is replaced, because it prints messages of the level DEBUG if it gets
    no logger; mmdet reports a missing optional package in that way, twice.
    """
    for start in IGNORED_WARNINGS:
        warnings.filterwarnings('ignore', re.escape(start))
    mmengines = mmengine.logging.print_log

    def print_log(msg: Any, logger: Any = None, level: int = INFO) -> None:
        if logger is not None or level > DEBUG:
            mmengines(msg, logger, level)

    mmengine.logging.print_log = print_log


class ShortConsole:
    """Mixin for runners: config, environment and hooks are in the log file only."""

    def _log_env(self, *args: Any) -> None:
        self.logger.handlers[0].addFilter(_is_for_console)  # type: ignore[attr-defined]
        super()._log_env(*args)  # type: ignore[misc]


def _is_for_console(record: LogRecord) -> bool:
    return not record.getMessage().startswith(LOG_FILE_ONLY)
