#!/bin/bash
# programs.sh         builds the Go programs of the cluster and prints the folder they are in
# programs.sh folder  prints that folder and builds nothing
# A program is built once per version list: the folder's name holds the lists' checksum, and what is there is never built again. Only one
# build runs at a time; a second caller waits for it.
set -euo pipefail
cd "$(dirname "$0")"
DIR=${XDG_CACHE_HOME:-$HOME/.cache}/hanko-operator/go-$(sha256sum versions {k8s,dns}/{go.mod,go.sum,main.go} | sha256sum | cut -c1-16)
TOOLS=$DIR/tools-$(sha256sum tools/go.mod tools/*/main.go /etc/ssl/certs/ca-certificates.crt | sha256sum | cut -c1-16)
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false

# program NAME COMMAND...: runs the command, which leaves the program in $NEW, unless it was built before.
program() {
  local name=$1 start=$SECONDS; shift
  [ -e "$DIR/$name" ] && return
  NEW=$DIR/new; rm -rf "$NEW"; mkdir -p "$NEW"
  echo "building $name" >&2
  "$@" >&2
  mv "$NEW/$name" "$DIR/$name"
  echo "built $name in $((SECONDS - start)) s" >&2
}

# Kubernetes must know its version: without the stamp the server says v0.0.0-master+$Format:%H$, which kubectl cannot parse.
kubernetes() (
  local release stamp=k8s.io/component-base/version minor
  cd k8s
  release=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${release#v1.}; minor=${minor%%.*}
  go build -trimpath -o "$NEW/k8s" -ldflags "-s -w -X $stamp.gitVersion=$release -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor \
    -X $stamp.gitCommit=none -X $stamp.gitTreeState=clean -X $stamp.buildDate=1970-01-01T00:00:00Z" .
)

dns() (cd dns && go build -trimpath -ldflags '-s -w' -o "$NEW/dns" .)

published() { GOBIN=$NEW go install -trimpath -ldflags '-s -w' "$1"; }

tools() {
  local new=$NEW/${TOOLS##*/} ca=/etc/ssl/certs/ca-certificates.crt
  mkdir -p "$new"
  (cd tools && go build -trimpath -ldflags '-s -w' -o "$new/" ./...)
  "$new/tool" image "$new/pause.tar" e2e.local/pause:1 65535:65535 /pause "$new/pause=/pause"
  "$new/tool" image "$new/probe.tar" e2e.local/probe:1 65532:65532 /probe "$new/probe=/probe" $ca=$ca
}

if [ "${1:-}" = folder ]; then echo "$DIR"; exit; fi
mkdir -p "$DIR"
exec 9>"$DIR/lock"
flock 9
program "${TOOLS##*/}" tools
program k8s kubernetes
program dns dns
while IFS='=' read -r name module; do program "$name" published "$module"; done < <(grep -v '^#' versions)
ln -sf k8s "$DIR/kubectl"
ln -sfn "${TOOLS##*/}" "$DIR/tools"
echo "$DIR"
