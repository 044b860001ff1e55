#!/bin/bash
# pid 1 of the node. Started by cluster.sh inside fresh mount, pid, net, uts, ipc and cgroup namespaces.
set -euo pipefail
LOG=$STATE/log PKI=$STATE/pki

hostname "$NODE"
mount -t proc proc /proc
if grep -q ' shared:' /proc/self/mountinfo; then echo "mounts are not private; refusing to touch them" >&2; exit 1; fi

# The runtime must not find the machine's cgroups beneath ours.
umount -R -l /sys/fs/cgroup
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
for hierarchy in $CGROUPS; do
  grep -q -E ":(name=)?$hierarchy:" /proc/self/cgroup || continue
  mkdir "/sys/fs/cgroup/$hierarchy"
  options=$hierarchy; if [ "$hierarchy" = systemd ]; then options=none,name=systemd; fi
  mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$hierarchy"
done
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=755 log /var/log
mkdir -p /var/lib/kubelet /var/lib/containerd /var/lib/cni
mount --bind "$STATE/kubelet" /var/lib/kubelet
mount --bind "$STATE/containerd" /var/lib/containerd
mount -t tmpfs -o mode=755 cnilib /var/lib/cni
mount --bind "$STATE/resolv.conf" /etc/resolv.conf
mount --make-rshared /

# The kubelet insists on six global sysctls. Show it the values it wants and leave the machine's own alone.
mkdir /run/sysctl
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=/run/sysctl/${setting//\//_}; echo "${setting#*=}" >"$file"; mount --bind "$file" "/proc/sys/${setting%=*}"
done
echo 1 >/proc/sys/net/ipv4/ip_forward

# keep NAME COMMAND...: runs the command and starts it again when it ends, until TERM, which is passed on as $ON_TERM.
keep() (
  set +e
  name=$1; shift
  trap 'kill -"${ON_TERM:-TERM}" "$child" 2>/dev/null; wait "$child"; exit' TERM
  while :; do
    "$@" >>"$LOG/$name.log" 2>&1 & child=$!
    wait "$child"
    echo "$name ended with $?, starting it again" >&2
    sleep 0.2 & wait $!
  done
)

# Only etcd has state: give it time to close. The API server would wait for its watchers, so it gets no grace.
stop() {
  set +e
  trap - TERM
  kill "${kubelet:-}" "${proxy:-}" "${controllers:-}" "${scheduler:-}" 2>/dev/null
  sleep 0.3
  kill "$apiserver" "$etcd"
  wait "$etcd"
  exit 0
}
trap stop TERM

keep etcd "$BIN/k8s" etcd --name e2e --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster e2e=http://127.0.0.1:2380 &
etcd=$!
ON_TERM=KILL keep kube-apiserver "$BIN/k8s" kube-apiserver --etcd-servers http://127.0.0.1:2379 \
  --bind-address "$NODE_IP" --advertise-address "$NODE_IP" --secure-port 6443 \
  --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" --client-ca-file "$PKI/ca.crt" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --service-account-issuer https://kubernetes.default.svc.cluster.local \
  --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
  --service-cluster-ip-range "$SVC_CIDR" --allow-privileged=true \
  --kubelet-client-certificate "$PKI/kubelet-client.crt" --kubelet-client-key "$PKI/kubelet-client.key" \
  --kubelet-certificate-authority "$PKI/ca.crt" --kubelet-preferred-address-types InternalIP \
  --enable-aggregator-routing --requestheader-client-ca-file "$PKI/ca.crt" --requestheader-allowed-names front-proxy-client \
  --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group --requestheader-extra-headers-prefix X-Remote-Extra- \
  --proxy-client-cert-file "$PKI/front-proxy.crt" --proxy-client-key-file "$PKI/front-proxy.key" \
  --audit-policy-file "$STATE/audit.yaml" --audit-log-path "$LOG/audit.log" --audit-log-maxsize 200 --audit-log-maxbackup 1 &
apiserver=$!
keep containerd containerd -c "$STATE/containerd.toml" &
keep mailpit "$BIN/mailpit" --listen "$NODE_IP:8025" --smtp "$NODE_IP:1025" --database "$STATE/mail/mailpit.db" --max 2000 --disable-version-check \
  --smtp-auth-accept-any --smtp-auth-allow-insecure --quiet &

# The others exit when they cannot reach the API server, so wait until its port answers.
until (exec 3<>"/dev/tcp/$NODE_IP/6443") 2>/dev/null; do sleep 0.1; done
keep kube-controller-manager "$BIN/k8s" kube-controller-manager --kubeconfig "$PKI/controller-manager.kubeconfig" \
  --kube-api-qps 200 --kube-api-burst 400 --leader-elect=false --bind-address 127.0.0.1 \
  --use-service-account-credentials --service-account-private-key-file "$PKI/sa.key" --root-ca-file "$PKI/ca.crt" \
  --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" &
controllers=$!
keep kube-scheduler "$BIN/k8s" kube-scheduler --kubeconfig "$PKI/scheduler.kubeconfig" --kube-api-qps 200 --kube-api-burst 400 \
  --leader-elect=false --bind-address 127.0.0.1 &
scheduler=$!

until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
for image in "$BIN"/tools/*.tar; do ctr -n k8s.io images import "$image" >>"$LOG/images.log" 2>&1; done
keep kubelet "$BIN/k8s" kubelet --config "$STATE/kubelet.yaml" --kubeconfig "$PKI/node.kubeconfig" --node-ip "$NODE_IP" --hostname-override "$NODE" --v 2 &
kubelet=$!
keep kube-proxy "$BIN/k8s" kube-proxy --config "$STATE/kube-proxy.yaml" &
proxy=$!
keep dns "$BIN/dns" -conf "$STATE/Corefile" &
keep kube-router "$BIN/kube-router" --run-firewall=true --run-router=false --run-service-proxy=false --kubeconfig "$PKI/admin.kubeconfig" \
  --hostname-override "$NODE" --service-cluster-ip-range "$SVC_CIDR" &

# A shell reaps orphans whenever it waits.
set +e
while :; do wait; sleep 1; done
