// SPDX-License-Identifier: ISC
// identity PORT TOKEN: a server that makes its system calls without libc.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", ":"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(connection, os.Args[2])
		connection.Close()
	}
}
