"""What the terminal shows of upstream messages."""

import logging
import warnings

import mmengine.logging

from mmpisr.console import IGNORED_WARNINGS, ignore_upstream_messages


def test_debug_messages_without_a_logger_are_not_printed(capsys):
    for level in logging.DEBUG, logging.INFO, logging.WARNING:
        mmengine.logging.print_log(logging.getLevelName(level), level=level)

    assert capsys.readouterr().out.split() == ['INFO', 'WARNING']


def test_warnings_of_upstream_are_ignored_and_no_others():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        ignore_upstream_messages()
        for text in (*IGNORED_WARNINGS, 'mine'):
            warnings.warn(f'{text} and so on', UserWarning, stacklevel=1)

    assert [str(warning.message) for warning in caught] == ['mine and so on']
