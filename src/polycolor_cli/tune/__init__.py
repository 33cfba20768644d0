"""The search over training settings: the study, and its plots."""
