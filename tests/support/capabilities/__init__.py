"""What works where: one declaration of every public function, for the tests and for the page.

`python -m tests.support.capabilities.page` writes the tables of docs/capabilities.md.
"""

from tests.support.capabilities.functions import FUNCTIONS as FUNCTIONS
from tests.support.capabilities.objects import OBJECTS as OBJECTS
from tests.support.capabilities.rows import DATA as DATA
from tests.support.capabilities.rows import Row as Row
from tests.support.capabilities.rows import leaves as leaves
