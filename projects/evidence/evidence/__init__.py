"""Studies of mmpisr: variants trained with several seeds, and what they show."""

import sys

from mmpisr.mim import mim_root

sys.path.append(str(mim_root() / 'tools' / 'analysis_tools'))  # package `speed`
