#!/bin/bash
# tests.sh fresh          an empty cluster with the operator
# tests.sh run [FILE...]  the tests (default: all) on the cluster that runs
# tests.sh replicas TIMES what people and applications do, on two replicas, so many times; without a cluster
set -euo pipefail
cd "$(dirname "$0")"
LAPTOP=(tests/9-*.test.mjs tests/1[0-9]-*.test.mjs)     # need no cluster, each has a process of its own, and their people mostly wait
suite() { node --test --test-concurrency="$1" --test-reporter=spec "${@:2}"; }
case ${1:-} in
  fresh)
    cluster/cluster.sh reset
    ./install.sh
    ;;
  run)
    shift
    eval "$(cluster/cluster.sh env)"
    export DATABASES=$STATE-databases
    trap './databases.sh down' EXIT
    rm -rf "artefacts/$CLUSTER"
    if [ $# != 0 ]; then suite 1 "$@"; exit; fi
    status=0
    suite 1 tests/[1-8]-*.test.mjs || status=$?
    suite 2 "${LAPTOP[@]}" || status=$?
    exit $status
    ;;
  replicas)
    export HANKO_TEST_REPLICAS=2
    for ((i = 0; i < ${2:?how many times}; i++)); do
      suite 2 "${LAPTOP[@]}"
    done
    ;;
  *) sed -n 2,4p "$0"; exit 2 ;;
esac
