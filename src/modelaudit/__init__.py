"""modelaudit: which hosted models descend from something that should not be hosted?"""

__version__ = "0.1.0"
