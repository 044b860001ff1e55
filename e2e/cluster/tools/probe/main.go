// Asks one URL from inside a pod and prints what came back: "200 OK" and the body's beginning, or the error. Exits with 1 on an error.
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
