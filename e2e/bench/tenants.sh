#!/bin/bash
# Measures tenants on the cluster $CLUSTER, which runs with the operator, and adds the figures to docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")"
eval "$(../cluster/cluster.sh env)"
node cluster.mjs >>../../docs/benchmarks.md
