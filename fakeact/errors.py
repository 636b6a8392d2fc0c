"""Everything that can go wrong and is worth a line to the person at the keyboard.

FakeactError
├── UsageError      the command line, or an option's value (exit status 2)
├── PluginError     a plugin that can't be used; the others go on
├── ModuleError     a module that tries to end the program, or goes on when the show is over
└── RegionError     a module that moves the cursor while its live region is up
"""


class FakeactError(Exception):
    """One line that says who, what and what next."""


class UsageError(FakeactError):
    """Something was asked for that there is not."""


class PluginError(FakeactError):
    """A plugin can't be used."""


class ModuleError(FakeactError):
    """A module does what none may."""


class RegionError(FakeactError):
    """The cursor belongs to the live region as long as that is up."""
