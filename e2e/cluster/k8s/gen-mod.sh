#!/bin/sh
# gen-mod.sh v1.N.P: writes go.mod and go.sum for one Kubernetes release. k8s.io/kubernetes requires its staging modules
# at v0.0.0, so every one of them needs a replace line to the matching v0.N.P.
set -eu
K8S=${1:?usage: gen-mod.sh v1.N.P}
STAGING="v0.${K8S#v1.}"
cd "$(dirname "$0")"
rm -f go.mod go.sum
go mod init cluster
SRC=$(go mod download -json "k8s.io/kubernetes@$K8S" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
sed -n 's#^\t\(k8s.io/[a-z0-9-]*\) v0\.0\.0\( .*\)*$#\1#p' "$SRC" | sort -u | while read -r module; do
  go mod edit -replace "$module=$module@$STAGING" -require "$module@$STAGING"
done
go mod edit -require "k8s.io/kubernetes@$K8S"
go mod tidy
