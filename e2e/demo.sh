#!/bin/bash
# The demo: a cluster of its own, the operator, the sample project, and a page to try it on.
#   demo.sh up     start it, or bring what runs up to date; safe to repeat
#   demo.sh hint   say what to try
#   demo.sh down   stop it and forget its data; safe to repeat
# TENANT_PORT (8000) and PAGE_PORT (8800) are where it listens on loopback.
set -euo pipefail
cd "$(dirname "$0")"
TENANT_PORT=${TENANT_PORT:-8000} PAGE_PORT=${PAGE_PORT:-8800}
export CLUSTER=hanko-demo CLUSTER_NET=10.249
NAMESPACE=tenants PROJECT=acme
eval "$(cluster/cluster.sh env)"
PID=$STATE/demo.pid LOG=$STATE/log/demo.log

page_runs() { [ -s "$PID" ] && grep -qz demo/main.mjs "/proc/$(cat "$PID")/cmdline" 2>/dev/null; }
stop_page() { if page_runs; then kill "$(cat "$PID")"; fi; rm -f "$PID"; }
kubectl() { KUBECONFIG=$KUBECONFIG "$BIN/kubectl" "$@"; }

up() {
  ./install.sh
  kubectl create namespace $NAMESPACE --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null
  sed "s/localhost:8000/localhost:$TENANT_PORT/g; s/localhost:8800/localhost:$PAGE_PORT/g" ../config/samples/project.yaml |
    kubectl apply --server-side -n $NAMESPACE -f -
  kubectl -n $NAMESPACE wait --for=condition=Ready hankoproject/$PROJECT --timeout=120s
  stop_page
  setsid node demo/main.mjs $NAMESPACE $PROJECT "$TENANT_PORT" "$PAGE_PORT" </dev/null >"$LOG" 2>&1 &
  echo $! >"$PID"
  until curl -sf -o /dev/null "http://127.0.0.1:$PAGE_PORT/" && curl -sf -o /dev/null "http://127.0.0.1:$TENANT_PORT/readyz"; do
    page_runs || { cat "$LOG" >&2; exit 1; }
    sleep 0.2
  done
}

hint() {
  cat <<TEXT

  The demo page, with the inbox beside it:

      http://app.acme.localhost:$PAGE_PORT

  A passkey needs a browser on this machine; over ssh: ssh -L $PAGE_PORT:127.0.0.1:$PAGE_PORT -L $TENANT_PORT:127.0.0.1:$TENANT_PORT …

  Worth trying:

      curl -s http://auth.acme.localhost:$TENANT_PORT/.well-known/jwks.json
      curl -s -X POST http://auth.acme.localhost:$TENANT_PORT/login
      curl -s http://auth.acme.localhost:$TENANT_PORT/health/ready

      export KUBECONFIG=$KUBECONFIG PATH=$BIN:\$PATH
      kubectl -n $NAMESPACE get hankoprojects
      kubectl -n $NAMESPACE describe hankoproject $PROJECT
      kubectl -n $NAMESPACE get deployments,pods,services,configmaps,secrets,networkpolicies,persistentvolumeclaims
      kubectl -n $NAMESPACE delete deployment $PROJECT-runtime     # comes back
      kubectl -n $NAMESPACE patch hankoproject $PROJECT --type=merge -p '{"spec":{"settings":{"password":{"minLength":12}}}}'
      kubectl -n hanko-system logs deployment/hanko-operator

  The Admin API, with the key that was made for the project:

      kubectl -n $NAMESPACE port-forward service/$PROJECT-admin 8001 &
      curl -H "apiKey: \$(kubectl -n $NAMESPACE get secret $PROJECT-admin-key -o jsonpath='{.data.key}' | base64 -d)" http://localhost:8001/users

  Stop it, and forget its data:  make demo-down

TEXT
}

down() {
  stop_page
  cluster/cluster.sh reset
}

case ${1:-} in
  up | hint | down) "$1" ;;
  *) sed -n '2,/^set /{/^set /!p}' "$0"; exit 2 ;;
esac
