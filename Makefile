# Every target sets up what it needs, in .venv.
VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
# The newest Python that is there and starts: notebooks come from Colab, which has a new one.
NEWEST = $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c "import ensurepip, venv" 2>/dev/null && echo $$python && break; done)

# All but what confines guests has to do without POSIX. (Of files that are only imported mypy tells no errors.)
PORTABLE := autograder --exclude '(forking|forked|inherited|machine|reservation|short_lived|zygote|killer|processes|confinement)'

.PHONY: help demo test test-item test-all test-python lint format bench bench-rivals build validate upgrade clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	test -x $(PYTHON) || $(NEWEST) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(VENV)/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) --constraint constraints.txt \
		--editable '.[dev]'
	$(PYTHON) -m compileall -q autograder
	touch $@

demo: $(READY)  ## grade the bundled sample submissions, offline
	$(VENV)/bin/ps7 demo

test: $(READY)  ## run the tests that see most (about ten minutes on two cores)
	$(PYTHON) -m pytest -m "not slow" -n 2

test-item: $(READY)  ## run all that a change of one item can touch: make test-item ITEM=encoder
	@test -n "$(ITEM)" || (echo "say of which item: make test-item ITEM=encoder" >&2; exit 2)
	$(PYTHON) -m pytest -n 2 --item "$(ITEM)" tests/test_item.py tests/ps7/probes tests/ps7/test_cells.py \
		tests/authoring/test_build.py

test-all: $(READY)  ## run all tests, the slow ones too (more than an hour on two cores)
	$(PYTHON) -m pytest -n 2 --hypothesis-profile all --ignore tests/test_container.py
	$(PYTHON) -m pytest -m "slow or not slow" tests/test_container.py  # alone: it has half a processor and deadlines

test-python:  ## run the tests with another interpreter, in a folder of its own: make test-python PYTHON=python3.13
	$(MAKE) test VENV=.venv-$(notdir $(PYTHON)) NEWEST=$(PYTHON) PYTHON='$$(VENV)/bin/python'

lint: $(READY)  ## format check, lint, types
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy --platform win32 $(PORTABLE)
	$(VENV)/bin/mypy --platform darwin $(PORTABLE)

format: $(READY)  ## format the code
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(READY)  ## measure what grading costs: against the bare imports, without the sandbox, one more in a batch, memory
	$(PYTHON) tests/bench.py

bench-rivals: $(READY)  ## grade wrong notebooks with otter-grader and nbgrader too: what each costs, and what each finds
	$(PYTHON) -m tests.rivals.bench

build: $(READY)  ## make the notebooks and the banks anew
	$(VENV)/bin/ps7 build

validate: $(READY)  ## grade everything whose verdict is known
	$(VENV)/bin/ps7 validate

upgrade: $(READY)  ## pin the newest versions
	$(VENV)/bin/uv pip install --quiet --python $(PYTHON) --upgrade --editable '.[dev]' uv
	(echo "# Versions that the project is tested with. Renew: make upgrade"; \
		$(VENV)/bin/uv pip freeze --python $(PYTHON) --exclude-editable) > constraints.txt

clean:  ## remove what was built
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
