#!/bin/bash
# A one-node Kubernetes, with the real kubelet, in its own network, pid, mount and cgroup namespaces. Needs root and cgroup v1 (or hybrid).
#   cluster.sh up                  start it, or do nothing if it runs; objects and volumes are kept in $STATE between runs
#   cluster.sh down                stop it; nothing of it is left running; safe to repeat
#   cluster.sh reset               down, and forget every object and volume
#   cluster.sh exec CMD...         run CMD inside the node's namespaces (ctr, ip, nft ...)
#   cluster.sh load IMAGE.tar...   import OCI archives into the node
#   cluster.sh volumes             empty and free the volumes whose claims are gone
#   cluster.sh kill COMPONENT      kill -9 one component (kube-apiserver, etcd, kubelet ...); it is started again as on a real node
#   cluster.sh env                 print addresses and paths as NAME=VALUE lines
# Two clusters run side by side when CLUSTER (a name, default hanko-e2e) and CLUSTER_NET (a private /16, default 10.251) differ.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
NAME=${CLUSTER:-hanko-e2e} NET=${CLUSTER_NET:-10.251}
STATE=${TMPDIR:-/tmp}/$NAME
NODE=node1 MEMORY=8G VOLUMES=20
HOST_IP=$NET.0.1 NODE_IP=$NET.0.2 POD_CIDR=$NET.64.0/18 SVC_CIDR=$NET.128.0/17 SVC_IP=$NET.128.1
VETH=ve$(printf %s "$NAME" | cksum | cut -c1-8)
CGROUPS="blkio cpu cpuacct cpuset devices freezer memory pids systemd"
BIN=$("$HERE/programs.sh" folder)
KUBECONFIG=$STATE/pki/admin.kubeconfig
export BIN STATE NODE NODE_IP POD_CIDR SVC_CIDR CGROUPS KUBECONFIG

kubectl() { "$BIN/kubectl" "$@"; }

running() {
  [ -s "$STATE/pid" ] && kill -0 "$(cat "$STATE/pid")" 2>/dev/null && grep -qz "node-init.sh" "/proc/$(cat "$STATE/pid")/cmdline"
}

inside() { nsenter --target "$(cat "$STATE/pid")" --mount --net --pid --uts --ipc --cgroup -- "$@"; }

up() {
  if running; then echo "cluster $NAME is running"; return; fi
  "$HERE/programs.sh" >/dev/null
  [ -d /sys/fs/cgroup/memory ] || {
    echo "the node needs cgroup v1 hierarchies; boot this machine with systemd.unified_cgroup_hierarchy=0" >&2
    exit 1
  }
  down
  mkdir -p "$STATE"/{log,etcd,kubelet,containerd,cni,mail}
  "$BIN/tools/tool" pki "$STATE/pki" "https://$NODE_IP:6443" "$NODE" "$NODE_IP" "$SVC_IP"
  . "$HERE/config.sh"
  network
  start
  wait_for 60 "the API server" eval '[ "$(kubectl get --raw /readyz)" = ok ]'
  wait_for 60 "the node" kubectl get node "$NODE"
  kubectl wait --for=condition=Ready "node/$NODE" --timeout=60s >/dev/null
  volumes
  echo "cluster $NAME is ready: export KUBECONFIG=$KUBECONFIG"
}

# Tries a command until it succeeds; gives up after so many seconds, or when the node has died.
wait_for() {
  local end=$((SECONDS + $1)) what=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    running || { echo "the node died while waiting for $what; see $STATE/log" >&2; exit 1; }
    [ $SECONDS -lt $end ] || { echo "gave up waiting for $what; see $STATE/log" >&2; exit 1; }
    sleep 0.1
  done
}

# One veth pair; the host reaches pods and services through the node.
network() {
  ip netns add "$NAME"
  ip link add "$VETH" type veth peer name eth0 netns "$NAME"
  ip addr add "$HOST_IP/24" dev "$VETH"; ip link set "$VETH" up
  ip -n "$NAME" link set lo up; ip -n "$NAME" addr add "$NODE_IP/24" dev eth0; ip -n "$NAME" link set eth0 up
  ip -n "$NAME" route add default via "$HOST_IP"
  ip route replace "$POD_CIDR" via "$NODE_IP"; ip route replace "$SVC_CIDR" via "$NODE_IP"
}

# Starts node-init.sh as pid 1 of its namespaces, inside our own child of every cgroup hierarchy, under one memory ceiling.
start() {
  local hierarchy dir launcher pid
  for hierarchy in $CGROUPS; do
    dir=/sys/fs/cgroup/$hierarchy/$NAME; [ -d "/sys/fs/cgroup/$hierarchy" ] || continue
    mkdir -p "$dir"
    if [ "$hierarchy" = cpuset ]; then
      cat /sys/fs/cgroup/cpuset/cpuset.cpus >"$dir/cpuset.cpus"; cat /sys/fs/cgroup/cpuset/cpuset.mems >"$dir/cpuset.mems"
    fi
  done
  echo "$MEMORY" >"/sys/fs/cgroup/memory/$NAME/memory.limit_in_bytes"
  (
    for hierarchy in $CGROUPS; do
      if [ -d "/sys/fs/cgroup/$hierarchy/$NAME" ]; then echo "$BASHPID" >"/sys/fs/cgroup/$hierarchy/$NAME/cgroup.procs"; fi
    done
    exec setsid nsenter --net="/run/netns/$NAME" unshare --mount --propagation private --uts --ipc --cgroup --pid --fork --kill-child \
      bash "$HERE/node-init.sh" </dev/null >"$STATE/log/init.log" 2>&1
  ) &
  launcher=$!
  for _ in $(seq 200); do      # the node's pid 1 is the only child of unshare
    pid=$(cat "/proc/$launcher/task/$launcher/children" 2>/dev/null | tr -d ' ') || true
    if [ -n "$pid" ] && grep -qz node-init.sh "/proc/$pid/cmdline" 2>/dev/null; then break; fi
    sleep 0.05
  done
  echo "$pid" >"$STATE/pid"
}

down() {
  local pid hierarchy dir
  if running; then
    pid=$(cat "$STATE/pid")
    kill -TERM "$pid"
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true      # pid 1 of the namespace: takes everything with it
  fi
  rm -f "$STATE/pid"
  # Whatever is still in our cgroup is ours, pid file or not.
  if [ -d "/sys/fs/cgroup/pids/$NAME" ]; then
    find "/sys/fs/cgroup/pids/$NAME" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
  fi
  ip link del "$VETH" 2>/dev/null || true
  ip netns del "$NAME" 2>/dev/null || true
  for hierarchy in $CGROUPS; do      # the kernel frees a cgroup a moment after its last process has gone
    dir=/sys/fs/cgroup/$hierarchy/$NAME
    for _ in $(seq 50); do
      [ -d "$dir" ] || break
      find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || true
      [ ! -d "$dir" ] || sleep 0.1
    done
  done
}

# Only a folder that holds a cluster's state is removed.
reset() {
  down
  if [ -e "$STATE/pki/ca.crt" ]; then rm -rf --one-file-system "$STATE"; fi
}

# A claim that went leaves its volume Released: empty the folder and free the volume.
volumes() {
  local volume
  for volume in $(seq -w "$VOLUMES"); do mkdir -p "$STATE/volumes/$volume"; done
  for volume in $(kubectl get pv -o jsonpath='{range .items[?(@.status.phase=="Released")]}{.metadata.name}{"\n"}{end}'); do
    find "$STATE/volumes/${volume#local-}" -mindepth 1 -delete
    kubectl patch pv "$volume" --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]' >/dev/null
  done
  "$HERE/volumes.sh" "$STATE" "$NODE" "$VOLUMES" | kubectl apply --server-side --force-conflicts -f - >/dev/null
}

load() { local image; for image; do inside ctr -n k8s.io images import "$image"; done; }

case ${1:-} in
  up | down | reset | volumes) "$1" ;;
  exec) shift; inside "$@" ;;
  load) shift; load "$@" ;;
  kill) inside pkill -KILL -f "^$BIN/(k8s )?${2:?component}( |\$)" ;;
  env) printf '%s\n' "CLUSTER=$NAME" "BIN=$BIN" "STATE=$STATE" "KUBECONFIG=$KUBECONFIG" "HOST_IP=$HOST_IP" "NODE_IP=$NODE_IP" ;;
  *) sed -n '2,/^set /{/^set /!p}' "$0"; exit 2 ;;
esac
