# Everything from nothing: needs Python 3.11 or newer, make and git.
PYTHON ?= python3
# what is imported is compiled then; all of it takes longer than the tests of a room
PIP = -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt
SOURCES = pyproject.toml README.md LICENSE constraints.txt $(shell find src -type f -not -path '*/__pycache__/*')

.PHONY: demo test test-all lint clean

# install into an environment of its own, fill a drawing, say where the picture is
demo: .venv/installed
	.venv/bin/polycolor colorize dataset/validation/inputs/star-57.png --color magenta -o demo.png
	@echo "filled: $(CURDIR)/demo.png"

# build the wheel, install it into an environment of its own, test it there
test: .venv-test/installed
	.venv-test/bin/python -m pytest -n auto --dist loadfile -m "not slow"

# and what is slow: killed processes, whole trainings, a Ray cluster, PostgreSQL
test-all: test
	.venv-test/bin/python -m pytest -n auto --dist loadfile -m slow

lint: .venv-test/installed
	.venv-test/bin/ruff check .
	.venv-test/bin/ruff format --check .
	.venv-test/bin/mypy

.venv/installed: $(SOURCES)
	$(PYTHON) -m venv .venv
	.venv/bin/python $(PIP) .
	touch $@

.venv-test/installed: $(SOURCES)
	$(PYTHON) -m venv .venv-test
	rm -rf dist
	.venv-test/bin/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .
	.venv-test/bin/python $(PIP) "$$(echo dist/polycolor-*.whl)[dev]"
	.venv-test/bin/python $(PIP) --no-deps --force-reinstall dist/polycolor-*.whl
	touch $@

clean:
	rm -rf .venv .venv-test dist build demo.png
