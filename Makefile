# Sets the project up in .venv and runs it. `make` alone lists what there is.

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
INPUTS := pyproject.toml constraints.txt
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SYSTEM = $(PYTHON) packaging/system_packages.py

.DEFAULT_GOAL := help
# Data and minutes on one core of `make models`; a training stops there or when it is done.
DATA ?= ../shared/data
MINUTES ?= 100
TRAIN = $(BIN)/magic-viewer train $(DATA)/$(2) --out models/$(1) --run runs/$(1) --minutes $(MINUTES) $(3)

# A bundle holds what its environment holds, so it has one of its own. WITHOUT_NC=1 leaves out the
# models that may not be used commercially.
PACKAGER := .venv-package/bin/python
BUNDLE_OPTIONS = $(if $(WITHOUT_NC),--without-noncommercial)

.PHONY: help demo test lint format screenshots models wheel bundle deb proof sizes startup site \
	clean distclean python system window xvfb clicks proof-tools

help:
	@echo 'make demo         set up, then open the window on sample scans'
	@echo '                  (without a screen: write screenshots to demo/)'
	@echo 'make test         set up, then lint and run every test; ARGS="-k word" goes to pytest'
	@echo 'make clicks       what the tests in a real window need; they are skipped without it'
	@echo 'make lint         ruff, mypy and the import contracts'
	@echo 'make format       let ruff format and fix'
	@echo 'make screenshots  draw the pictures of the documentation again'
	@echo 'make site         build the documentation as a site in build/site'
	@echo 'make models       train the bundled models from DATA=$(DATA), resumably,'
	@echo '                  each for at most MINUTES=$(MINUTES)'
	@echo 'make wheel        build dist/*.whl, with models and resources inside'
	@echo 'make bundle       build dist/magic-viewer, which needs no Python; WITHOUT_NC=1 leaves out'
	@echo '                  the models that may not be used commercially'
	@echo 'make deb          build the bundle, then dist/*.deb of it'
	@echo 'make proof        as root: build all that, and try it in a bare Debian; SERIES=FOLDER'
	@echo 'make clean        remove caches, build products and demo/; distclean also .venv'
	@echo 'PYTHON=python3.12 chooses the Python for a new .venv'

demo: $(if $(DISPLAY),window) .venv/app.stamp
	$(BIN)/magic-viewer demo

test: export QT_QPA_PLATFORM := offscreen
test: lint
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: export QT_QPA_PLATFORM := xcb
screenshots: xvfb .venv/app.stamp
	xvfb-run -a -s '-screen 0 1600x1000x24' $(BIN)/python docs/make_screenshots.py
	xvfb-run -a -s '-screen 0 2900x1900x24' $(BIN)/python docs/make_guide_pictures.py

# Not --quiet: warnings would not count then, and --strict let everything pass.
site: .venv-site/stamp
	NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --strict

models: .venv/app.stamp
	$(call TRAIN,modality,mednist64)
	$(call TRAIN,brain-sequence,brain_mr_lgg)
	$(call TRAIN,brain-site,brain_mr_lgg,--from models/brain-sequence)
	$(call TRAIN,tumour,brain_mr_lgg)
	$(call TRAIN,scanner-vendor,acr_phantom,--fold 8)

wheel: | .venv/bin/python
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

bundle: .venv-package/stamp
	$(PACKAGER) packaging/bundle.py $(BUNDLE_OPTIONS)

deb: bundle
	$(PACKAGER) packaging/debian_package.py
	$(PACKAGER) packaging/sizes.py

proof: deb proof-tools
	$(PACKAGER) packaging/startup.py
	$(PACKAGER) packaging/prove.py $(if $(SERIES),--series '$(SERIES)')

sizes:
	$(PACKAGER) packaging/sizes.py

startup: clicks
	$(PACKAGER) packaging/startup.py

clean:
	rm -rf build dist demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis .benchmarks
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

distclean: clean
	rm -rf .venv .venv-package .venv-site

# The stamps say that .venv holds what these two files ask for; without its Python they say nothing.
$(shell test -x $(BIN)/python || rm -f .venv/*.stamp)

.venv/app.stamp: $(INPUTS) | .venv/bin/python
	@echo 'Installing MAGIC Viewer into .venv; the first time takes some minutes.'
	$(INSTALL) -e .
	@touch $@

.venv/test.stamp: $(INPUTS) | .venv/bin/python
	@echo 'Installing MAGIC Viewer and its test tools into .venv; the first time takes some minutes.'
	$(INSTALL) -e '.[test]'
	@touch $@ .venv/app.stamp

.venv-package/stamp: $(INPUTS) | window
	@echo 'Installing MAGIC Viewer and PyInstaller into .venv-package; the first time takes minutes.'
	$(PYTHON) -m venv --clear .venv-package
	$(PACKAGER) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[package]'
	@touch $@

# The site needs nothing of the program, so it need not wait for torch.
.venv-site/stamp: constraints.txt | python
	$(PYTHON) -m venv --clear .venv-site
	.venv-site/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		mkdocs mkdocs-material
	@touch $@

.venv/bin/python: | system
	$(PYTHON) -m venv --clear .venv || { rm -rf .venv; exit 1; }

python:
	@test -n '$(PYTHON)' || { echo 'MAGIC Viewer needs Python 3.11 or later and found none.' \
		'Install it (Debian, Ubuntu: apt-get install python3 python3-venv)' \
		'or name it: make PYTHON=/path/to/python3.12' >&2; exit 1; }

system: python
	@$(SYSTEM)

window: python
	@$(SYSTEM) window

xvfb: python
	@$(SYSTEM) window xvfb

clicks: python
	@$(SYSTEM) window xvfb clicks

proof-tools: python
	@$(SYSTEM) window xvfb clicks proof
