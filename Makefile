# make demo   capture a sample cluster with a planted problem, print the advice
# make picture  docs/report.png anew: the first screen of the demo's report; needs chromium
# make test   everything that must hold, on live processes (installs a JDK if there is none)
# make bench  measure, next to the peers found on this machine, and print ratios beside their goals (BENCH=pattern; TABLE=docs/performance.md writes them there)
# make hostile  hostile inputs of their worst sizes, time and memory of each printed
# make fuzz   every fuzz target for FUZZTIME (make fuzz FUZZTIME=10m)
# make field  inputs from the field, each held to what is right (FIELD=folder)
# make lab    planted problems on real parts and of kinds, with healthy twins, and idle servers (LAB=pattern: tomcat, /go, kinds-, idle); needs Maven
# make docs   write docs/rules.md and the layers of docs/architecture.md anew from the code
# make assets  write analyze/report/assets/min anew: the report's styles and scripts as it carries them
# make lint   gofmt, vet, staticcheck, golangci-lint where it can be had, types of the report's scripts where node is there, known vulnerabilities where their database can be reached
# make golangci   golangci-lint with .golangci.yml; builds it the first time, which takes minutes
# make race   the packages with goroutines, under the race detector; needs a C compiler
# make s3test  sending to a real S3 server, which it builds the first time
# make dist   what users install, in dist/: binaries, archives, deb, rpm, apk, image, formula, checksums, bill of materials (two runs: the same bytes)
# make disttest  install, run, upgrade and purge the package on this system (root); read back rpm, apk and image
# make cross  the binaries that must build: linux amd64 and arm64, macOS, Windows

GO       ?= go
FUZZTIME ?= 20s
BENCH    ?= .
FIELD    ?= ../shared/cases
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
# The go tool leaves testdata out of ./...
PACKAGES := ./... ./testdata/lab/... ./testdata/hostile ./testdata/bench
# Tools of their own modules, so that go.mod holds what casefile needs and no more
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TYPESCRIPT  := typescript@5.9.3
VERSITYGW   := github.com/versity/versitygw/cmd/versitygw@v1.8.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
RACE        := ./bundle/... ./collectors ./collectors/agent/... ./collectors/fleet ./collectors/goproc ./collectors/jvm/calls ./collectors/timing ./analyze/load ./analyze/shelf ./analyze/page
LDFLAGS  := -s -w -X main.version=$(VERSION)

export CGO_ENABLED := 0

.PHONY: build docs assets demo picture test bench field hostile lab fuzz lint golangci race cross dist disttest s3test jdk sshd clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/casefile ./cmd/casefile

docs:
	$(GO) test -count=1 ./analyze/rules -run TestRulesAreDocumented -update-docs
	$(GO) test -count=1 ./cmd/casefile -run TestLayersAreDocumented -update-docs
	$(GO) test -count=1 ./analyze/compare -run TestMeasuresAreDocumented -update-docs
	$(GO) test -count=1 ./analyze/checklist -run TestChecklistIsDocumented -update-docs

assets:
	$(GO) test -count=1 ./analyze/report -run TestAssetsAreMinified -update-assets

demo: build
	bin/casefile demo

picture: build
	@page=$$(bin/casefile demo 2>&1 | sed -n 's/^open the report in a browser: //p'); test -n "$$page"; \
	chromium --headless=new --no-sandbox --hide-scrollbars --blink-settings=preferredColorScheme=1 --window-size=1240,900 \
	  --screenshot=docs/report.png "file://$$page" 2>/dev/null; rm -r "$$(dirname "$$page")"; \
	if command -v pngquant >/dev/null; then pngquant --force --output docs/report.png 64 docs/report.png; fi

test: build jdk sshd
	$(GO) vet $(PACKAGES)
	$(GO) test -timeout 15m $(PACKAGES)

bench: build
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m ./... 2>&1 | $(GO) run ./testdata/bench $(if $(TABLE),-write $(TABLE))

field:
	CASEFILE_FIELD=$(abspath $(FIELD)) $(GO) test -count=1 -run '^TestField$$' ./cmd/casefile

hostile:
	CASEFILE_TEST_HOSTILE=full $(GO) test -v -timeout 60m -run TestHostileInputs ./cmd/casefile

lab: build
	CASEFILE_LAB=$(abspath bin/casefile) CASEFILE_LAB_ONLY='$(LAB)' $(GO) test -count=1 -v -timeout 6h ./testdata/lab

fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$pkg; \
	  done; done

lint:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$bad" || { echo "not gofmt-ed: $$bad"; exit 1; }
	$(GO) vet $(PACKAGES)
	$(GO) tool staticcheck $(PACKAGES)
	@if $(GO) run $(GOLANGCI) version >/dev/null 2>&1; then $(MAKE) --no-print-directory golangci; \
	else echo "$(GOLANGCI) cannot be had: errcheck, unparam and depguard are not run"; fi
	@if ! command -v node >/dev/null 2>&1; then echo "no node here: the types of the report's scripts are not checked"; \
	elif npx --yes -p $(TYPESCRIPT) tsc --version >/dev/null 2>&1; then npx --yes -p $(TYPESCRIPT) tsc -p analyze/report/assets/tsconfig.json; \
	else echo "$(TYPESCRIPT) cannot be had: the types of the report's scripts are not checked"; fi
	@if curl -sfI -m 10 -o /dev/null https://vuln.go.dev/index/db.json; then $(GO) run $(GOVULNCHECK) ./...; \
	else echo "vuln.go.dev cannot be reached: known vulnerabilities are not looked for"; fi

golangci:
	$(GO) run $(GOLANGCI) run ./...

race:
	CGO_ENABLED=1 $(GO) test -race -short -timeout 20m $(RACE)

dist:
	cd cmd/dist && $(GO) run . -out ../../dist

s3test:
	GOBIN="$${XDG_CACHE_HOME:-$$HOME/.cache}/casefile-test-tools" $(GO) install $(VERSITYGW)
	$(GO) test -count=1 -v -run S3 ./bundle/send

disttest:
	cd cmd/dist && CASEFILE_DISTTEST=1 $(GO) test -count=1 -v -timeout 30m .

cross:
	@for t in linux/amd64 linux/arm64 darwin/arm64 darwin/amd64 windows/amd64; do \
	  echo "build $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./cmd/casefile || exit 1; done

# Live tests need a JDK; a machine without one gets Debian's or its own package client's.
jdk:
	@if command -v java >/dev/null 2>&1 || ls /usr/lib/jvm/*/bin/java >/dev/null 2>&1; then :; \
	elif command -v apt-get >/dev/null 2>&1; then echo "installing a JDK for the live tests: default-jdk-headless"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jdk-headless; \
	elif command -v dnf >/dev/null 2>&1; then echo "installing a JDK for the live tests: java-latest-openjdk-devel"; dnf install -y -q java-latest-openjdk-devel; \
	elif command -v apk >/dev/null 2>&1; then echo "installing a JDK for the live tests: openjdk21"; apk add -q openjdk21; \
	else echo "no JDK found and no package client known: live JVM tests will be skipped"; fi

# The ssh test needs a real sshd. Installing one starts it where systemd runs, which is
# no business of a test: there it is skipped, and says so.
sshd:
	@if command -v sshd >/dev/null 2>&1 || test -x /usr/sbin/sshd; then :; \
	elif test "$$(id -u)" != 0 || test -d /run/systemd/system || ! command -v apt-get >/dev/null 2>&1; then echo "no sshd here: the ssh test will be skipped (install openssh-server to run it)"; \
	else echo "installing an sshd for the ssh test: openssh-server"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq openssh-server >/dev/null || echo "openssh-server could not be installed: the ssh test will be skipped"; fi

clean:
	rm -rf bin
