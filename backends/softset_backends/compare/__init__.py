"""Which way of training is best on the user's own data: fits, records, and what they say."""

from __future__ import annotations

from .question import Question as Question
from .recommendation import Recommendation as Recommendation
from .recommendation import recommend as recommend
from .records import Record as Record
from .tables import table as table
from .report import write as write
from .summary import summarise as summarise
