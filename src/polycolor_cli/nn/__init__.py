"""The network, its losses, and its export; torch lives here."""

from polycolor_cli.privacy import silence

# before anything here loads ONNX Runtime
silence()
