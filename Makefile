# Everything here runs in an environment of its own, .venv, which is made anew when the pinned
# packages change. `make` alone lists the targets.

PORT ?= 5000
SIMULATOR_PORT ?= 5001
# How many processes share the tests: one more than there are cores, since many of them wait for
# something; 0 runs them one after another in pytest.
# Each begins with one stretch of them, since neighbours share services, and takes over from others.
TEST_PROCESSES ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --root-user-action=ignore
RUNTIME := .venv/.runtime-installed
TOOLS := .venv/.tools-installed
RULES := tests/test_architecture.py tests/test_sizes.py tests/test_conventions.py \
	tests/test_templates.py tests/test_texts.py tests/test_versions.py tests/test_translations.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## 列出所有目标 / list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: export PORT := $(PORT)
demo: export SIMULATOR_PORT := $(SIMULATOR_PORT)
demo: $(RUNTIME) ## 无需微信账号，连同模拟手机一起试用 / try it with a simulated phone, no account needed
	@exec $(BIN)/python -m wechatlogin.demo

.PHONY: run
run: $(RUNTIME) ## 按 .env 的设置运行服务 / run the service with the settings of .env
	@exec $(BIN)/gunicorn -c gunicorn.conf.py wsgi:app

# Hundreds of processes start during the tests: what the first has compiled the others read.
test coverage reliability: export PYTHONDONTWRITEBYTECODE :=

.PHONY: test
test: $(TOOLS) ## 运行全部测试（需要 Chromium，缺少时自动安装）/ run all tests (gets Chromium if missing)
	@browser=$$(tools/install-browser) && \
	WECHATLOGIN_CHROMIUM="$$browser" exec $(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal

.PHONY: reliability
reliability: $(TOOLS) ## 运行各种故障的测试，结果写入 docs/reliability.md / run the tests of faults, write what came
	@browser=$$(tools/install-browser) && \
	WECHATLOGIN_CHROMIUM="$$browser" exec $(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal \
		-m fault --write-reliability

.PHONY: photos
photos: $(TOOLS) ## 给每个页面拍照，汇成一览 photos/index.html / photograph every page for looking through
	@browser=$$(tools/install-browser) && WECHATLOGIN_CHROMIUM="$$browser" exec $(BIN)/python -m tests.photos

.PHONY: bench
bench: $(TOOLS) ## 测量各项开销，写入 benchmarks/RESULTS.md / measure what things cost, with a baseline each
	@exec $(BIN)/python -m benchmarks

.PHONY: coverage
coverage: $(TOOLS) ## 运行全部测试并统计覆盖率 / run all tests and tell what they cover
	@browser=$$(tools/install-browser) && WECHATLOGIN_CHROMIUM="$$browser" exec $(BIN)/pytest -n $(TEST_PROCESSES) --dist worksteal --cov --cov-report=term:skip-covered

.PHONY: check
check: $(TOOLS) ## 检查格式、类型、迁移、译文和代码约定 / check format, types, migrations, texts, house rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	tools/check-migrations
	$(BIN)/pytest -q $(RULES)

.PHONY: fix
fix: $(TOOLS) ## 自动修正格式，并更新译文目录 / mend the format and bring the catalogues up to date
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	tools/update-translations

.PHONY: clean
clean: ## 删除虚拟环境与各种缓存 / remove the environment and all caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov \
		tests/node_modules photos

$(RUNTIME): requirements.txt
	@echo '正在准备 .venv，大约半分钟 / preparing .venv, about half a minute' >&2
	@python=$$(tools/find-python) && "$$python" -m venv --clear .venv
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(TOOLS): requirements-dev.txt $(RUNTIME)
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
