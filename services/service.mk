# What `make` does in a service's folder; each Makefile only names its projects.
ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
OUT  := $(ROOT)/artifacts/bin

.PHONY: build test integration-test

build:
	dotnet build src -c Release -v q -nologo

tests:
	dotnet build tests -c Release -v q -nologo

# The rules: no process, no database.
test: tests
	dotnet $(OUT)/$(PROJECT).Tests/release/$(PROJECT).Tests.dll -class- '*ApiTests' -class- '*ServiceTests' -class- '*ProcessTests' -class- 'Argosy.*.Tests.CheckoutTests'

# Everything: the service as a real process on its own database.
integration-test: tests
	dotnet $(OUT)/$(PROJECT).Tests/release/$(PROJECT).Tests.dll
.PHONY: tests
