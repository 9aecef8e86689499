# A thin front: CONTRIBUTING.md says how to do the same without make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test test-commands test-with-processes test-the-rest test-attacks attacks-on-children other-attacks checks-switched-off test-faults check bench bench-peers fuzz docs pictures clean

demo: $(VENV)/run.stamp
	$(BIN)/python examples/digits_sweep/demo.py

setup: $(VENV)/dev.stamp

# Three parts side by side: while one waits for its children, the others have the two cores.
test: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory --jobs=3 test-commands test-with-processes test-the-rest

COMMANDS := tests/end_to_end
PROCESSES := $(addprefix tests/,datter examples exporting orchestrator runs staging tasks)

test-commands: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m "not attack" $(COMMANDS)

test-with-processes: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m "not attack" $(PROCESSES)

test-the-rest: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m "not attack" $(addprefix --ignore=,$(COMMANDS) $(PROCESSES))

# Hundreds of hostile scripts and files, and every probe of the sandbox at every level, as root and as another user;
# in two halves as well.
test-attacks: $(VENV)/dev.stamp
	@$(MAKE) --no-print-directory --jobs=2 attacks-on-children other-attacks

attacks-on-children: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m attack tests/child

other-attacks: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -q -m attack --ignore=tests/child

# Every check of the verifier of signatures is switched off in turn; what no attack and no unit test notices is printed
# (a quarter of an hour on two processors).
checks-switched-off: $(VENV)/dev.stamp
	$(BIN)/python tests/p2sign/checks_switched_off.py

# Every fault, kill point and power cut, over 8,000 disks after two crashes, every seeded bug, and as many files as
# overflow the kernel's news, on all processors, with one table at the end (under an hour on two; power cuts need root).
# tests/faults/README.md says what is done.
test-faults: $(VENV)/dev.stamp
	$(BIN)/python tests/faults/everything.py

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/dev.stamp
	@for script in bench/*.py; do $(BIN)/python $$script || exit 1; done

# Beside MLflow, Aim and DVC, which get an environment of their own (1.2 GB).
bench-peers: $(VENV)/dev.stamp .venv-peers/stamp
	$(BIN)/python bench/peers

# Refused modules by the verifier, signatures beside ssh-keygen, then half an hour of every reader and decoder, guided by what they reach.
fuzz: .venv-fuzz/stamp
	.venv-fuzz/bin/python tests/module_fuzzing.py 200000
	.venv-fuzz/bin/python tests/signature_fuzzing.py 100000
	.venv-fuzz/bin/python tests/reader_fuzzing.py all 1800

docs: $(VENV)/run.stamp
	$(BIN)/python -m p2std.reference
	$(BIN)/python -m plotter2.cli.reference

pictures: $(VENV)/dev.stamp
	$(BIN)/python tests/draw_reference_pictures.py
	$(BIN)/python -m p2std.reference

clean:
	rm -rf $(VENV) .venv-peers .venv-fuzz .fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-output

$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "plotter2 needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

.venv-fuzz/stamp: requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-fuzz/bin/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	.venv-fuzz/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	.venv-fuzz/bin/python -m pip install --quiet --group fuzz
	@touch $@

.venv-peers/stamp: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.venv-peers/bin/python -m pip install --quiet --group peers
	@touch $@
