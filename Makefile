PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers unit fuzz quality bench sums clean

help:            ## what can be made
	@grep -hE '^[a-z]+: .*##|^[a-z]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)   ## audit the recorded catalogue of examples/ into out/
	@mkdir -p out
	$(BIN)/modelaudit audit catalogue:examples/catalogue.jsonl --db out/demo.db --offline \
	  -o html=out/report.html -o json=out/report.json

test: check      ## lint, types, layers and all tests
check: lint types layers unit

lint: $(STAMP)   ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

layers: $(STAMP) ## imports flow one way
	$(BIN)/lint-imports --no-cache

unit: $(STAMP)   ## pytest
	$(BIN)/python -m pytest

fuzz: $(STAMP)   ## wild input at every parser; SECONDS for each, 60 by default
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fuzz]'
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60)

quality: $(STAMP) ## models of known ancestry, compared by their weights; a few minutes
	$(BIN)/python -m tests.quality.zoo

bench: $(STAMP)  ## side-by-side measurements, a few minutes
	$(BIN)/python -m benchmarks

sums: $(STAMP)   ## digests of the shipped lists, to blocklists/SHA256SUMS
	$(BIN)/modelaudit blocklist sums blocklists > blocklists/SHA256SUMS.new
	mv blocklists/SHA256SUMS.new blocklists/SHA256SUMS

clean:           ## remove what was made
	rm -rf $(VENV) out dist .mypy_cache .ruff_cache
