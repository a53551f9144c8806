# Empath from a checkout. Every target sets up the virtual environment in .venv that it needs, and renews it when setup.py
# is newer. The environment uses the system's Python if that is complete and 3.11 or later: it gets security updates, the
# user that the processes become can read it, and a distribution's build, made with a profile, needs a fifth less CPU.
# Otherwise it uses the first Python in PATH; `PYTHON=python3.12 make …` names another.

IS_SUITABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in /usr/bin/python3 python3; do $$each -c '$(IS_SUITABLE)' 2>/dev/null && break; done; \
	echo $$each)
N ?= 5
# Tests wait for processes and deadlines: twice as many workers as cores keep the cores busy.
WORKERS ?= $(shell echo $$(( $$(nproc) * 2 )))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
SERVING := $(VENV)/serving
RELEASE := $(VENV)/release/ready
RELEASE_BIN := $(VENV)/release/bin
# A copy of this checkout whose hot modules are in C; `make bench COMPILED=1` measures that.
COMPILE := build/compiled
BENCHED = $(if $(COMPILED),$(abspath $(COMPILE)),$(CURDIR))
# An environment with the wheel and what it brings along.
PLAIN := build/plain
CONFIG := conf/dev.toml
COMMANDS := bin
VENDORED := empath/daemon/httpd/console/static/vendor

# The tests start some hundred processes. Without kept bytecode each of them would compile its imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help doctor setup run demo stack stack-down test test-repeat test-durations watch ci interop interop-apart interop-brokers interop-dane interop-dkim interop-milter chaos properties fuzz coverage check format
.PHONY: compiled dist-compiled test-compiled docs vendor pictures bench bench-compare bench-engines bench-queue bench-seeing simulate reference changelog man dist deb deb-try constraints audit sbom licences smoke clean

##@ Use
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## The virtual environment, with the commands and the tools of a developer in it

# The next steps are printed once the server that the shell becomes ($$$$) has an acceptor.
run: $(SERVING) var ## Serve in the foreground on port 2525, every domain to a Maildir under var/
	@server=$$$$; while kill -0 $$server 2>/dev/null; do sleep 0.3; \
		$(COMMANDS)/empathd -c $(CONFIG) status 2>/dev/null | grep -q "pid $$server$$" || continue; \
		$(COMMANDS)/empath-admin -c $(CONFIG) process 2>/dev/null | grep -q ' acceptor-1 .* alive ' || continue; \
		cat conf/next-steps.txt; break; done & exec bin/empathd run -c $(CONFIG)

demo: $(SERVING) ## The first steps unattended: start, send a mail, show it in the queue and in the Maildir, stop
	@bash tests/demo.sh

# The words of the first compose whose engine answers; of docker a command line alone may be there.
STACK := conf/compose/compose.yaml
COMPOSE = $(shell for each in "docker compose" "podman compose" docker-compose podman-compose; do \
	$$each -f $(STACK) ps >/dev/null 2>&1 && echo "$$each" && break; done)

stack: ## Empath with Prometheus, Grafana, Loki and Jaeger in containers, and mail that is made up; docs/STACK.md
	@compose="$(COMPOSE)"; if [ -z "$$compose" ]; then \
		echo "the stack needs docker or podman with compose, and its engine at work" >&2; exit 1; fi; \
	$(MAKE) dist && \
	$${compose%%[ -]*} build --file conf/container/Containerfile --build-arg EXTRAS=otlp --tag localhost/empath:stack . && \
	$$compose -f $(STACK) up --detach && \
	echo "dashboards: http://127.0.0.1:3000/  console: http://127.0.0.1:18025/  traces: http://127.0.0.1:16686/"

stack-down: ## End it, and remove its mail and its figures
	@compose="$(COMPOSE)"; if [ -z "$$compose" ]; then \
		echo "the stack needs docker or podman with compose, and its engine at work" >&2; exit 1; fi; \
	$$compose -f $(STACK) down --volumes

##@ Develop
doctor: ## Whether this checkout is fit for work, and what is missing for which target
	@$(PYTHON) tests/doctor.py

ci: ## What continuous integration runs: programs of Debian where it may install them, check, test
	@.ci/run

##@ Test
test: $(READY) ## All tests, in parallel (ARGS="-k route": those with "route" in their names)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

test-repeat: $(READY) ## All tests N times (N=5), to find a test that fails now and then
	@for turn in $$(seq $(N)); do echo "turn $$turn of $(N)"; $(BIN)/pytest -n $(WORKERS) -q $(ARGS) || exit 1; done

test-durations: $(READY) ## All tests, and which fifty took longest (ARGS=tests/storage)
	$(BIN)/pytest -n $(WORKERS) -q --durations=50 --durations-min=0.1 $(ARGS)

test-compiled: compiled ## The tests of the modules that may be in C, and of the processes that use them, on that form (ARGS="-k route")
	cd $(COMPILE) && PYTHONPATH=$(abspath $(COMPILE)) .venv/bin/pytest -n $(WORKERS) $(or $(ARGS),tests/mail tests/message tests/smtp \
		tests/daemon/acceptor tests/daemon/worker tests/packages/test_compiled.py tests/packages/test_in_c.py)

# A new file ends entr with 2, and the list is made anew; Ctrl-C ends all.
watch: $(READY) ## The tests of ARGS after each change, those first that failed (ARGS=tests/policy); needs entr of Debian
	@command -v entr >/dev/null || { echo "make watch needs the Debian package entr" >&2; exit 69; }
	@status=2; while [ $$status -eq 2 ]; do status=0; \
		git ls-files --cached --others --exclude-standard | entr -cdn $(BIN)/pytest -q --failed-first $(or $(ARGS),tests) || status=$$?; \
	done; [ $$status -eq 130 ] || exit $$status

interop: $(READY) ## With a Postfix (client, next host) and a Dovecot; needs root, postfix and dovecot-lmtpd of Debian
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_postfix.py tests/e2e/test_postfix_next_hop.py tests/e2e/test_dovecot.py $(ARGS)

# Exim, OpenSMTPD and Postfix exclude each other: their packages are loaded, unpacked by the tests, and never installed.
interop: interop-apart
interop-apart: $(READY) $(VENV)/debian ## An Exim and an OpenSMTPD as next hosts; needs root, and loads their packages by apt-get
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_exim_next_hop.py tests/e2e/test_opensmtpd_next_hop.py $(ARGS)

$(VENV)/debian: | $(READY)
	rm -rf $@.new && mkdir -p $@.new && cd $@.new && apt-get -qq download exim4-daemon-light opensmtpd
	mv $@.new $@

chaos: $(READY) ## Send mail while processes are killed (KILLS=100, ARGS="--seed 7"), and check that none is lost
	$(BIN)/python -m tests.chaos --kills $(or $(KILLS),100) $(ARGS)

interop: interop-dane
interop-dane: $(READY) ## DANE with an unbound of this host; needs the Debian package unbound
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_dane.py $(ARGS)

interop: interop-brokers
interop-brokers: $(READY) ## Events to a RabbitMQ of the test's own; needs the Debian package rabbitmq-server
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_amqp_broker.py $(ARGS)

interop: interop-dkim
interop-dkim: $(READY) ## Signatures and SPF in the eyes of others; needs opendkim, libmail-dkim-perl, python3-dkim and python3-spf of Debian
	$(BIN)/pip install --quiet --disable-pip-version-check "spftrace>=0.3,<0.4"
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_dkim_peers.py tests/e2e/test_spf_peer.py $(ARGS)

interop: interop-acme
interop-acme: $(READY) ## Certificates of an authority by certbot and lego; needs the Debian packages pebble, certbot, lego
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_acme.py $(ARGS)

interop: interop-milter
interop-milter: $(READY) ## Filters that speak milter; needs root, and the Debian packages rspamd, opendkim, clamav-milter, clamav-daemon, python3-milter
	EMPATH_INTEROP=1 $(BIN)/pytest -q tests/e2e/test_milter_peers.py $(ARGS)

properties: $(READY) ## Tests over generated examples, with eighty times as many of them (ARGS="tests/smtp")
	$(BIN)/pytest -n $(WORKERS) -q --hypothesis-profile=deep $(or $(ARGS),tests/mail tests/message tests/smtp tests/policy tests/authentication tests/storage tests/daemon/housekeeper/test_report*.py tests/daemon/httpd/test_schemathesis.py)

fuzz: $(READY) ## Mutated input for SMTP, messages, signatures and the DNS (SECONDS=60, ARGS="--target server --seed 1")
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

coverage: $(READY) ## All tests with branch coverage: 90 % of everything, 100 % of the layers without I/O
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) -q
	$(BIN)/coverage combine --quiet
	rm -f .coverage.*
	$(BIN)/coverage report
	$(BIN)/coverage report --fail-under=100 --include='empath/mail/*,empath/smtp/*,empath/message/*,empath/policy/*,empath/authentication/*'

##@ Compile
# The package as a user gets it, with the rest of the checkout around it: no file in C is put next to the sources, where it
# would go stale.
compiled: $(COMPILE)/ready ## build/compiled/: a copy of this checkout whose hot modules are in C; needs gcc and python3-dev of Debian
	@git ls-files -z --cached --others --exclude-standard -- . ':!empath' | \
		tar --create --null --files-from - --ignore-failed-read | tar --extract --directory $(COMPILE)
	@ln -sfn $(CURDIR)/$(VENV) $(COMPILE)/$(VENV)

$(COMPILE)/ready: setup.py packaging/compiled.toml $(foreach depth,* */* */*/* */*/*/*,$(wildcard empath/$(depth).py sql/$(depth).sql)) | $(READY)
	rm -rf $(@D) && mkdir -p $(@D)
	EMPATH_COMPILE=1 $(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(@D)/dist .
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(@D) $(@D)/dist/*.whl
	@touch $@

dist-compiled: $(RELEASE) man ## dist/compiled/: a wheel with the hot modules in C, for this Python and this processor
	umask 022 && EMPATH_COMPILE=1 $(RELEASE_BIN)/python -m build --wheel --outdir dist/compiled .

##@ Write
check: $(READY) ## Lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Format, and fix the findings that the linter can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(READY) ## Write what is generated: conf/empath.toml and parts of docs/
	$(BIN)/python -m tests.docs.reference

# Sphinx reads the checkout; a warning ends it. The diagrams need a script, which npm loads once: without it they are text.
SPHINX := $(VENV)/docs/ready
MERMAID := build/mermaid/mermaid.min.js
docs: $(READY) $(SPHINX) ## build/site/: the documentation as a site, with a search; it needs no network
	@rm -rf build/site build/docs
	@$(MAKE) -s $(MERMAID) || echo "Mermaid cannot be loaded by npm: diagrams stay text" >&2
	@$(dir $(SPHINX))bin/sphinx-build --quiet --fail-on-warning --keep-going --jobs auto -c docs/site -d build/docs . build/site
	@if [ -e $(MERMAID) ]; then cp $(MERMAID) build/site/_static/; fi
	@$(BIN)/python -m tests.docs.site build/site
	@echo "open build/site/index.html"

$(MERMAID):
	@rm -rf $(@D) && mkdir -p $(@D)
	@cd $(@D) && npm pack --silent mermaid@11.12.1 >/dev/null && tar -xzf mermaid-*.tgz --touch --strip-components 2 package/dist/mermaid.min.js

pictures: $(READY) ## The pictures of the console in docs/, by Chromium
	$(BIN)/python -m tests.docs.pictures docs/pictures

# The versions stand in the README of that folder, too.
vendor: ## Load the scripts of other projects that the console ships, by npm
	@cd $(VENDORED) && for each in htmx.org@2.0.6 uplot@1.6.32; do \
		mkdir -p .new/$${each%@*} && tar -xzf "$$(npm pack --silent $$each)" -C .new/$${each%@*} && rm ./*.tgz; done; \
	cp .new/htmx.org/package/dist/htmx.min.js . && cp .new/htmx.org/package/LICENSE LICENSE.htmx && \
	cp .new/uplot/package/dist/uPlot.iife.min.js .new/uplot/package/dist/uPlot.min.css . && \
	cp .new/uplot/package/LICENSE LICENSE.uplot && rm -r .new

changelog: $(READY) ## What docs/changes/ will add to CHANGELOG.md
	$(BIN)/towncrier build --draft

##@ Measure
bench: $(READY) $(if $(COMPILED),compiled) ## Empath and Postfix side by side (ARGS="--scenarios accept --repeat 1"; COMPILED=1: with modules in C)
	PYTHONPATH=$(BENCHED) $(BIN)/python -P -m tests.bench $(ARGS)

bench-compare: $(READY) $(if $(COMPILED),compiled) ## The working tree against another revision (REV=HEAD; COMPILED=1: with modules in C)
	PYTHONPATH=$(BENCHED) $(BIN)/python -P -m tests.bench --compare $(or $(REV),HEAD) $(ARGS)

bench-queue: $(READY) ## Query, change and serve a queue of a million recipients (ARGS="--recipients 100000")
	$(BIN)/python -m tests.bench.depth $(ARGS)

bench-engines: $(READY) ## What a message costs in SQLite and in PostgreSQL (ARGS="--messages 10000")
	$(BIN)/python -m tests.bench.engines $(ARGS)

bench-seeing: $(READY) ## What metrics, traces, followers of events and mail by HTTP cost (ARGS="--scenarios inject")
	$(BIN)/python -m tests.bench.seeing $(ARGS)

simulate: $(READY) ## How far one SQLite file goes, and one PostgreSQL server, by a model (ARGS="--seconds 1"); docs/SCALING.md
	$(BIN)/python -m tests.bench.simulation $(ARGS)

##@ Release
# The instant of the commit, so that the same commit gives the same archives everywhere.
dist man deb: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)

man: $(READY) ## man/: the manual pages, from the commands, the settings and the views
	rm -rf man
	$(BIN)/python -m tests.docs.reference.man man

dist: $(RELEASE) man ## dist/: the wheel, and the archive of the sources that is the same for the same commit
	rm -rf dist *.egg-info
	umask 022 && $(RELEASE_BIN)/python -m build --outdir dist .

deb: dist ## build/deb/: the Debian package, and what lintian says of it; needs debhelper and lintian of Debian (SUITE=trixie: for another release, in a clean root of it; needs root and debootstrap)
	rm -rf build/deb
	bash packaging/debian/$(if $(SUITE),build_in.sh $(SUITE),build.sh) dist/*.whl build/deb

deb-try: deb ## Install, upgrade, remove and purge it in a clean Debian 12, or SUITE=trixie; needs root and debootstrap
	SUITE=$(SUITE) bash tests/packages/try_deb.sh build/deb/*.deb

pipx-try: dist ## The wheel by pipx in a clean Debian 12, or SUITE=trixie, to a signed mail over TLS; needs root and debootstrap
	SUITE=$(SUITE) bash tests/packages/try_pipx.sh dist/*.whl

constraints: $(RELEASE) ## constraints.txt: the version of each library, with its digests, as the index has them today
	$(RELEASE_BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-find-links --output-file constraints.txt setup.py

sbom: $(PLAIN) ## dist/empath-mta.cdx.json: what the wheel brings along, as CycloneDX
	$(RELEASE_BIN)/cyclonedx-py environment --output-reproducible --output-file dist/empath-mta.cdx.json $(PLAIN)/bin/python

audit: $(RELEASE) constraints ## That no library has a weakness that is known (needs the network: it asks the index of packages)
	$(RELEASE_BIN)/pip-audit --require-hashes --disable-pip --requirement constraints.txt

# Licences that ask nothing of our own code. A part is enough: orjson is under the MPL-2.0, too, which asks nothing of code
# beside it (ADR-0009).
licences: $(PLAIN) ## That each library has a licence that goes with ours
	$(RELEASE_BIN)/pip-licenses --python=$(PLAIN)/bin/python --ignore-packages empath-mta pip setuptools --partial-match \
		--allow-only="Apache;MIT;BSD;ISC;Zero-Clause;OSI Approved;PSF;ZPL;Zope Public;any-OSI"

$(PLAIN): dist
	rm -rf $@
	$(PYTHON) -m venv $@
	$(if $(wildcard constraints.txt),$@/bin/pip install --quiet --require-hashes --requirement constraints.txt)
	$@/bin/pip install --quiet --disable-pip-version-check dist/*.whl

smoke: dist ## Install that wheel into an empty environment, and have the server there deliver a mail
	@PYTHON=$(PYTHON) bash tests/smoke.sh dist/*.whl

##@ Clean
clean: ## Remove what was made here: environment, caches, var/ with its queue and mails
	@if bin/empathd -c $(CONFIG) status 2>/dev/null | grep -Eq '^(running|starting|stopping)'; then \
		echo "a server runs on the queue in var/: stop it first, by Ctrl-C or \`bin/empathd -c $(CONFIG) stop\`" >&2; \
		exit 1; \
	fi
	rm -rf $(VENV) var build dist man constraints.txt htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# To serve takes 85 MB, to develop 210 MB.
$(SERVING): setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# The tools of a release and of the site stand apart: what they need is no part of what is tested.
$(RELEASE) $(SPHINX): $(VENV)/%/ready: setup.py
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check \
		$$($(@D)/bin/python -c 'import re; print(*re.findall(r"\"([^\"]+)\"", re.search(r"\"$*\": \[(.*?)\]", open("setup.py").read(), re.S)[1]))' | sed 's/ /\n/g')
	@touch $@

$(READY): setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(SERVING) $@

var:
	mkdir -p -m 750 $@
