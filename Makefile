# Everything a person does with a checkout. `make chat` and `make test` are all that is needed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PORT   ?= 7860
Q      ?= How many targets were struck?

.PHONY: chat test install ask lint bench bench-peers stress live help

chat: $(READY)  ## add seeds/ and serve the chat on http://127.0.0.1:7860 (PORT=... for another port)
	@$(BIN)/citewise serve seeds --library library --port $(PORT)

test: $(READY)  ## run the whole test suite
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

install: $(READY)  ## build .venv with everything
	@echo "citewise is installed in $(VENV): $(BIN)/citewise --help"

ask: $(READY)  ## ask the seed documents: make ask Q="How many targets were struck?"
	@test -d library || $(BIN)/citewise add seeds --library library
	@$(BIN)/citewise ask --library library $(if $(JSON),--json) -- '$(subst ','\'',$(Q))'

lint: $(READY)  ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(READY)  ## measure quality and speed (public benchmarks in ../shared/evaldata or CITEWISE_EVALDATA)
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.reader
	$(BIN)/python -m benchmarks.speed

bench-peers: $(READY)  ## measure citewise beside what people would use instead (ARGS="--peers citewise txtai")
	@$(BIN)/python -m benchmarks.peers $(ARGS)

stress: $(READY)  ## kill writers, and let processes read and write together (make stress ARGS="--kills 100 --minutes 1")
	@$(BIN)/python -m benchmarks.stress $(ARGS)

live: $(READY)  ## ask a real language model the public questions: make live MODEL=... BASE_URL=... (and OPENAI_API_KEY)
	@$(if $(MODEL),CITEWISE_MODEL='$(MODEL)') $(if $(BASE_URL),OPENAI_BASE_URL='$(BASE_URL)') $(BIN)/python -m benchmarks.live $(if $(LIMIT),--limit $(LIMIT))

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 13

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "citewise needs Python 3.11 or newer, and there is no '$(PYTHON)': install it, or name one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "citewise needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1): name a newer one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing citewise into $(VENV) (about a minute) ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[slack,dev]'
	@touch $@
