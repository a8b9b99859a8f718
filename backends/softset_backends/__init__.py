"""What only a framework can do for softset: gradients, compilation, training, checking."""

from ._registry import Backend as Backend
from ._registry import available as available
from ._registry import get as get
from .checker import GradientReport as GradientReport
from .checker import check_gradients as check_gradients
# from .diagnosis import Diagnosis as Diagnosis
# from .diagnosis import diagnose as diagnose
