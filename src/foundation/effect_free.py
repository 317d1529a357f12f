"""The modules that cannot change the bytes a stage writes.

No stage depends on them in `dvc.yaml`, and the saved state of a training run outlives an edit to them.
"""

EFFECT_FREE = {
    "foundation/atomic.py": "writes the bytes it is given",
    "foundation/duration.py": "words for the user",
    "foundation/effect_free.py": "this list",
    "foundation/errors.py": "words for the user",
    "foundation/inputs.py": "lets a result be written or not",
    "foundation/lock.py": "lets a stage run or not",
    "foundation/start.py": "notes the code, words for Ctrl-C and SIGTERM, how threads wait, an end with DVC",
    "foundation/validation.py": "refuses values, changes none",
    "foundation/yaml12.py": "reads what DVC reads, and so tracks",
    "images/download.py": "finds bytes that are accepted only when they are the pinned ones",
    "params.py": "passes values on as they stand in params.yaml, where DVC tracks them itself, but for defaults",
    "results/run.py": "says where files lie, and dvc.yaml says it too",
    "training/progress.py": "shows how far training is",
    "training/resume.py": "goes on to the same bytes, or does not go on",
}
