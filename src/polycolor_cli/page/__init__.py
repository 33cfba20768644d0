"""The face in a browser, and its HTTP API: thin, every decision is the package's."""
