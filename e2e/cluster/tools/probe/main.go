// Asks one URL from inside a pod until an answer comes, for at most five seconds (a new pod's address takes a moment to be let through the
// network policies), and prints it: "200 OK" and the body's beginning, or the last error. Exits with 1 on an error.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Println("usage: probe URL")
		os.Exit(2)
	}
	client := http.Client{Timeout: 3 * time.Second}
	answer, err := client.Get(os.Args[1])
	for end := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(end); answer, err = client.Get(os.Args[1]) {
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	if _, err := io.Copy(os.Stdout, io.LimitReader(answer.Body, 4096)); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
