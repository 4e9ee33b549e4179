"""Models with known ancestry, and whether comparing their weights finds it.

``tape`` and ``training`` train, ``language`` and ``denoiser`` are what is trained, ``families``
says from which seeds. ``edits``, ``surgery``, ``permutations`` and ``merges`` make descendants,
``files`` writes and reads them. ``plan`` lists all ``cases``, ``truth`` says what is right of each,
``gate`` judges.
"""
