#!/bin/bash
# tests.sh fresh          an empty cluster with the operator
# tests.sh run [FILE...]  the tests (default: all) on the cluster that runs
set -euo pipefail
cd "$(dirname "$0")"
case ${1:-} in
  fresh)
    cluster/cluster.sh reset
    ./install.sh
    ;;
  run)
    shift
    if [ $# = 0 ]; then set -- tests/*.test.mjs; fi
    eval "$(cluster/cluster.sh env)"
    export DATABASES=$STATE-databases
    trap './databases.sh down' EXIT
    rm -rf "artefacts/$CLUSTER"
    node --test --test-concurrency=1 --test-reporter=spec "$@"
    ;;
  *) sed -n 2,3p "$0"; exit 2 ;;
esac
