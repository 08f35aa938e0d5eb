"""Silences the file readers, whose warnings quote the file, and so may quote the patient.

Importing it is enough. The readers' warnings alone are silenced, for the whole process: Python's
filters know no threads.
"""

import logging
import warnings

READERS = ("pydicom", "nibabel", "PIL")

for _name in (*READERS, "nibabel.global"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
for _name in READERS:
    warnings.filterwarnings("ignore", module=rf"{_name}\b")
