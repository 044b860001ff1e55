// The cluster's certificates: one CA, the servers' and clients' certificates, one kubeconfig per client, and the ServiceAccount key pair.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

type pki struct {
	dir    string
	ca     *x509.Certificate
	caKey  crypto.Signer
	caPEM  []byte
	server string
}

func writePEM(file, kind string, der []byte, mode os.FileMode) []byte {
	b := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	must(os.WriteFile(file, b, mode))
	return b
}

func newKey(file string) (*ecdsa.PrivateKey, []byte) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	must(err)
	return k, writePEM(file, "PRIVATE KEY", der, 0o600)
}

func (p *pki) issue(name, cn, org string, server bool, sans ...string) (cert, key []byte) {
	k, key := newKey(filepath.Join(p.dir, name+".key"))
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(err)
	t := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if org != "" {
		t.Subject.Organization = []string{org}
	}
	if server {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, s := range sans {
		if ip := net.ParseIP(s); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, s)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, p.ca, k.Public(), p.caKey)
	must(err)
	return writePEM(filepath.Join(p.dir, name+".crt"), "CERTIFICATE", der, 0o644), key
}

func (p *pki) kubeconfig(name, cn, org string) {
	cert, key := p.issue(name, cn, org, false)
	b64 := base64.StdEncoding.EncodeToString
	must(os.WriteFile(filepath.Join(p.dir, name+".kubeconfig"), []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: e2e
contexts: [{name: e2e, context: {cluster: e2e, user: %q}}]
clusters: [{name: e2e, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: %q, user: {client-certificate-data: %s, client-key-data: %s}}]
`, cn, p.server, b64(p.caPEM), cn, b64(cert), b64(key))), 0o600))
}

func doPKI(dir, server, node, nodeIP, serviceIP string) {
	if _, err := os.Stat(filepath.Join(dir, "admin.kubeconfig")); err == nil {
		return
	}
	must(os.MkdirAll(dir, 0o700))
	p := &pki{dir: dir, server: server}
	k, _ := newKey(filepath.Join(dir, "ca.key"))
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e-ca"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	must(err)
	p.caPEM = writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", der, 0o644)
	p.ca, err = x509.ParseCertificate(der)
	must(err)
	p.caKey = k
	sa, _ := newKey(filepath.Join(dir, "sa.key"))
	pub, err := x509.MarshalPKIXPublicKey(sa.Public())
	must(err)
	writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", pub, 0o644)
	p.issue("apiserver", "kube-apiserver", "", true, "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", nodeIP, serviceIP)
	p.issue("kubelet-client", "e2e:apiserver-to-kubelet", "system:masters", false)
	p.issue("kubelet", "system:node:"+node, "system:nodes", true, node, nodeIP, "127.0.0.1")
	p.issue("front-proxy", "front-proxy-client", "", false)
	p.kubeconfig("admin", "e2e:admin", "system:masters")
	p.kubeconfig("controller-manager", "system:kube-controller-manager", "")
	p.kubeconfig("scheduler", "system:kube-scheduler", "")
	p.kubeconfig("node", "system:node:"+node, "system:nodes")
	p.kubeconfig("kube-proxy", "system:kube-proxy", "")
}
