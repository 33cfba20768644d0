"""Nobody is told what a user does: what libraries would tell their makers is switched off before they are loaded.

What somebody has set for themselves stays as it is.
"""

import os
import sys
from types import ModuleType

SILENCED = {
    # ONNX Runtime, since 1.29: events with a device id to Microsoft, queued in ~/.cache
    "ORT_DISABLE_TELEMETRY": "1",
    # Ray: usage statistics of each cluster that is started
    "RAY_USAGE_STATS_ENABLED": "0",
    # Weights & Biases: crash reports, beside the curves that somebody asked to be logged
    "WANDB_ERROR_REPORTING": "false",
    # the Hugging Face hub: what is asked for by which library, beside the download itself
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""What is set in the environment, for this process and those that it begins."""


def silence() -> None:
    """Switch off what libraries tell their makers, where nobody has decided otherwise."""
    for name, value in SILENCED.items():
        os.environ.setdefault(name, value)


def onnxruntime() -> ModuleType:
    """ONNX Runtime, silent if it is loaded here; a program that has loaded it already keeps it as it is."""
    if "onnxruntime" not in sys.modules:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", SILENCED["ORT_DISABLE_TELEMETRY"])
    import onnxruntime

    return onnxruntime
