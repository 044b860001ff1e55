#!/bin/bash
# tests.sh fresh          an empty cluster with the operator
# tests.sh run [FILE...]  the tests (default: all) on the cluster that runs
# tests.sh replicas TIMES what people and applications do, on two replicas, so many times; without a cluster
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
  replicas)
    export HANKO_TEST_REPLICAS=2
    for ((i = 0; i < ${2:?how many times}; i++)); do
      node --test --test-concurrency=1 --test-reporter=spec tests/{9,1[0-9]}-*.test.mjs
    done
    ;;
  *) sed -n 2,4p "$0"; exit 2 ;;
esac
