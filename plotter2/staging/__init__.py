"""Bringing output in: finds what is there, has it read in a confined child, stores it as bundles.

The host opens, hashes and copies bytes; it never parses a file that an experiment made.
"""

from plotter2.staging.collecting import Answer
from plotter2.staging.inbox import Inbox, Told
from plotter2.staging.intake import AddedBundle, AddReport, stage, told_again
from plotter2.staging.reading import Submit

__all__ = ["AddReport", "AddedBundle", "Answer", "Inbox", "Submit", "Told", "stage", "told_again"]
