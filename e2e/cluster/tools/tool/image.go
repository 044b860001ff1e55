// Images without a registry: an OCI archive made of files.
package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"sort"
	"strings"
)

func digest(b []byte) string {
	s := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(s[:])
}

// doImage writes an OCI archive with one uncompressed layer. Nothing in it depends on the time, so equal files make an equal image.
func doImage(out, name, uid, entrypoint string, rest []string) {
	env, files := []string{"PATH=/"}, []string{}
	for _, a := range rest {
		if v, ok := strings.CutPrefix(a, "env:"); ok {
			env = append(env, v)
		} else {
			files = append(files, a)
		}
	}
	var layer bytes.Buffer
	tw := tar.NewWriter(&layer)
	dirs := map[string]bool{}
	for _, f := range files {
		_, dst, ok := strings.Cut(f, "=")
		if !ok {
			must(fmt.Errorf("want HOST=/path, got %q", f))
		}
		for d := path.Dir(dst); d != "/"; d = path.Dir(d) {
			dirs[d] = true
		}
	}
	dirs["/tmp"] = true
	sorted := []string{}
	for d := range dirs {
		sorted = append(sorted, d)
	}
	sort.Strings(sorted)
	for _, d := range sorted {
		mode := int64(0o755)
		if d == "/tmp" {
			mode = 0o1777
		}
		must(tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: d[1:] + "/", Mode: mode}))
	}
	for _, f := range files {
		src, dst, _ := strings.Cut(f, "=")
		b, err := os.ReadFile(src)
		must(err)
		st, err := os.Stat(src)
		must(err)
		must(tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: dst[1:], Mode: int64(st.Mode().Perm() | 0o444), Size: int64(len(b))}))
		_, err = tw.Write(b)
		must(err)
	}
	must(tw.Close())
	type m = map[string]any
	js := func(v any) []byte { b, err := json.Marshal(v); must(err); return b }
	config := js(m{"architecture": "amd64", "os": "linux",
		"config": m{"User": uid, "Entrypoint": []string{entrypoint}, "Env": env, "WorkingDir": "/"},
		"rootfs": m{"type": "layers", "diff_ids": []string{digest(layer.Bytes())}}})
	desc := func(mt string, b []byte) m { return m{"mediaType": mt, "digest": digest(b), "size": len(b)} }
	manifest := js(m{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": desc("application/vnd.oci.image.config.v1+json", config),
		"layers": []m{desc("application/vnd.oci.image.layer.v1.tar", layer.Bytes())}})
	d := desc("application/vnd.oci.image.manifest.v1+json", manifest)
	d["annotations"] = m{"io.containerd.image.name": name}
	index := js(m{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []m{d}})
	w, err := os.Create(out)
	must(err)
	tw = tar.NewWriter(w)
	put := func(name string, b []byte) {
		must(tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(b))}))
		_, err := tw.Write(b)
		must(err)
	}
	put("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	put("index.json", index)
	for _, b := range [][]byte{layer.Bytes(), config, manifest} {
		put("blobs/sha256/"+digest(b)[7:], b)
	}
	must(tw.Close())
	must(w.Close())
}
