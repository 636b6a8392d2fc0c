"""Bars, spinners, tables, sparklines, heat maps and log prefixes: functions from values to strings.

They serve ``print``, a live region and tests alike; none of them reads a clock or moves the cursor.
``python -m fakeact.widgets`` shows each.
"""

from fakeact.widgets.bars import arrow_bar, bar, rich_bar
from fakeact.widgets.heat import heat
from fakeact.widgets.meters import pip_meter, tqdm_meter
from fakeact.widgets.prefixes import asctime, c10, dmesg, glog, klog, syslog, torch_log
from fakeact.widgets.sparkline import sparkline
from fakeact.widgets.spinner import spinner
from fakeact.widgets.table import box_table, markdown_table, rule, table

__all__ = [
    "arrow_bar",
    "asctime",
    "bar",
    "box_table",
    "c10",
    "dmesg",
    "glog",
    "heat",
    "klog",
    "markdown_table",
    "pip_meter",
    "rich_bar",
    "rule",
    "sparkline",
    "spinner",
    "syslog",
    "table",
    "torch_log",
    "tqdm_meter",
]
