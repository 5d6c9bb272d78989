# Every target is one line into a script or a tool; read scripts/ for the how.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all test-quick lint unit sanity compat galaxy changelog docs parity sandbox-up sandbox-down molecule e2e bench prove-releases prove-swarm prove-data prove-jobs prove-pages tutorial walk audit clean

BIN := .venv/bin
STEPS := 1000
WALK := all

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## virtual environment, collections, vault password, Docker engine (idempotent)
	@scripts/setup

demo: setup ## from nothing to the live demo app on a sandbox droplet
	@scripts/demo

test: setup ## the tests that every change must pass
	@scripts/test

test-all: setup ## these, and what takes half an hour more (alone: scripts/test --more)
	@scripts/test --all

test-quick: setup ## what needs no sandbox: style, plugins, roles (4 minutes)
	@scripts/test-quick

lint: setup ## ruff and ansible-lint (profile production)
	@scripts/lint

unit: setup ## plugins, role interfaces, sandbox API: no Docker, no network beyond loopback
	@scripts/unit

sanity: setup ## Ansible's own tests of the built collection (one: scripts/sanity pylint)
	@scripts/sanity

compat: setup ## ansible-core 2.19 to the newest, Python 3.11 to the newest that is here (half an hour)
	@scripts/compat

galaxy: setup ## what Galaxy's importer says of the built collection
	@scripts/galaxy

changelog: setup ## write CHANGELOG.rst anew from changelogs/fragments
	@scripts/changelog

docs: setup ## the site: docs/, and a page for each plugin and role (artifacts/docs)
	@scripts/docs

parity: setup ## write docs/parity.md anew: what each runner of an app has
	@PYTHONPATH=.:.ansible/collections $(BIN)/python -m tests.parity

sandbox-up: setup ## start the local DigitalOcean
	@$(BIN)/izzzi-sandbox up

sandbox-down: ## stop it (state and droplets are kept)
	@$(BIN)/izzzi-sandbox down

molecule: sandbox-up ## molecule test for the roles (one: scripts/molecule nginx)
	@scripts/molecule

e2e: sandbox-up ## site.yml from an empty account, asserted over HTTP and in Chromium
	@scripts/e2e

bench: sandbox-up ## times, tasks and API calls beside a shell floor, and what many of anything cost (half an hour; one part: scripts/bench many)
	@scripts/bench

prove-releases: sandbox-up ## releases, good, bad and killed, under load, beside plain Compose (an hour)
	@scripts/prove-releases

prove-swarm: sandbox-up ## a Swarm under load: releases, scale, drains, updates, reboots, kills, beside plain Docker (an hour; scripts/prove-swarm --short: ten)
	@scripts/prove-swarm

prove-data: sandbox-up ## backups and restores of an app that is written to: what is lost, and how long it takes (30 minutes)
	@scripts/prove-data

prove-jobs: sandbox-up ## a job every minute over deploys, a killed manager and a reboot: each moment once (a quarter of an hour)
	@scripts/prove-jobs

prove-pages: sandbox-up ## the operators' page of a Swarm in Chromium, while a release is rolled out and a node dies (12 minutes)
	@scripts/prove-pages

tutorial: sandbox-up ## type the tutorial's commands in an empty folder, and write docs/tutorial.md of what came of them
	@scripts/tutorial

walk: sandbox-up ## a random walk with invariants after each step: make walk STEPS=1000 (one kind: WALK=cloud)
	@scripts/walk $(WALK) $(STEPS)

audit: sandbox-up ## lynis, ssh-audit, OpenSCAP, Docker, testssl.sh, gixy on a converged droplet beside an untouched one
	@scripts/audit

clean: ## remove every container, network, volume, image and process of the project
	@scripts/clean
