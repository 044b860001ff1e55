#!/bin/bash
# Starts the cluster $CLUSTER (see cluster/cluster.sh), imports the images that `make images` packed, and installs the operator exactly as
# shipped (config/default) with those images. Safe to repeat: changed images are loaded and the pods that use them are started again.
set -euo pipefail
cd "$(dirname "$0")"
IMAGES=${XDG_CACHE_HOME:-$HOME/.cache}/hanko-operator/images/${1:-debug}

cluster/cluster.sh up
eval "$(cluster/cluster.sh env)"
export KUBECONFIG
kubectl() { "$BIN/kubectl" "$@"; }

# changed PROGRAM: loads its image unless the node has the very same one.
changed() {
  local sum; sum=$(sha256sum <"$IMAGES/$1.tar")
  [ "$sum" != "$(cat "$STATE/$1.loaded" 2>/dev/null)" ] || return 1
  cluster/cluster.sh load "$IMAGES/$1.tar" >/dev/null
  echo "$sum" >"$STATE/$1.loaded"
}

# A Deployment that is there already does not notice that its tag means another image.
installed=$(kubectl -n hanko-system get deployment hanko-operator -o name 2>/dev/null || true)
if changed hanko-runtime && [ -n "$installed" ]; then kubectl delete pod -A -l app.kubernetes.io/managed-by=hanko-operator --wait=false; fi
operator=same; if changed hanko-operator; then operator=changed; fi
kubectl apply --server-side --force-conflicts -k install >/dev/null
if [ -n "$installed" ] && [ $operator = changed ]; then kubectl -n hanko-system rollout restart deployment/hanko-operator >/dev/null; fi
kubectl -n hanko-system rollout status deployment/hanko-operator --timeout=120s
