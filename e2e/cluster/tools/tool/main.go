// What a cluster needs before it has a cluster: certificates, and images made of files.
//
//	tool pki DIR SERVER_URL NODE NODE_IP SERVICE_IP
//	tool image OUT.tar NAME UID:GID ENTRYPOINT (env:NAME=VALUE | HOST_FILE=/PATH)...
package main

import (
	"fmt"
	"os"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tool:", err)
		os.Exit(1)
	}
}

func main() {
	switch a := os.Args; {
	case len(a) == 7 && a[1] == "pki":
		doPKI(a[2], a[3], a[4], a[5], a[6])
	case len(a) >= 7 && a[1] == "image":
		doImage(a[2], a[3], a[4], a[5], a[6:])
	default:
		must(fmt.Errorf("usage: tool pki ... | tool image ..."))
	}
}
