// SPDX-License-Identifier: Apache-2.0

// A client of the bridge on a 9P library that shares no code with it (github.com/hugelgupf/p9):
// p9client NETWORK ADDRESS [CA CERTIFICATE KEY]. Over a unix socket it leases and runs a job, over TCP
// it finds that it may only read.
package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hugelgupf/p9/linux"
	"github.com/hugelgupf/p9/p9"
)

func must(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func dial() net.Conn {
	if len(os.Args) == 3 {
		conn, err := net.Dial(os.Args[1], os.Args[2])
		must(err, "dial")
		return conn
	}
	authority, err := os.ReadFile(os.Args[3])
	must(err, "authority")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	pair, err := tls.LoadX509KeyPair(os.Args[4], os.Args[5])
	must(err, "key pair")
	conn, err := tls.Dial(os.Args[1], os.Args[2],
		&tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, ServerName: "localhost"})
	must(err, "dial")
	return conn
}

func open(root p9.File, path string, mode p9.OpenFlags) p9.File {
	_, file, err := root.Walk(strings.Split(path, "/"))
	must(err, path)
	_, _, err = file.Open(mode)
	must(err, path)
	return file
}

func readAll(file p9.File) string {
	var text []byte
	buffer := make([]byte, 1000)
	for {
		n, err := file.ReadAt(buffer, int64(len(text)))
		text = append(text, buffer[:n]...)
		if n == 0 || errors.Is(err, io.EOF) {
			return string(text)
		}
		must(err, "read")
	}
}

func names(root p9.File, path string) string {
	directory := open(root, path, p9.ReadOnly)
	var names []string
	offset := uint64(0)
	for {
		entries, err := directory.Readdir(offset, 200)
		must(err, path)
		if len(entries) == 0 {
			return strings.Join(names, " ")
		}
		for _, entry := range entries {
			names = append(names, entry.Name)
			offset = entry.Offset
		}
	}
}

func look(root p9.File) {
	if got := names(root, "gpu/GPU-0"); got != ". .. info facts ctl lease job status events" {
		log.Fatalf("gpu/GPU-0 holds %s", got)
	}
	info := readAll(open(root, "gpu/GPU-1/info", p9.ReadOnly))
	if !strings.Contains(info, "Mock 4060") {
		log.Fatalf("info is %s", info)
	}
	_, file, err := root.Walk([]string{"gpu", "GPU-1", "info"})
	must(err, "walk")
	_, valid, attributes, err := file.GetAttr(p9.AttrMaskAll)
	must(err, "getattr")
	if !valid.Size || attributes.Size != uint64(len(info)) || !attributes.Mode.IsRegular() {
		log.Fatalf("attributes are %v", attributes)
	}
	statfs, err := root.StatFS()
	must(err, "statfs")
	if statfs.Type != 0x01021997 {
		log.Fatalf("statfs has type %x", statfs.Type)
	}
	if _, _, err := root.Walk([]string{"GPU-9"}); !errors.Is(err, linux.ENOENT) {
		log.Fatalf("a name that is not there: %v", err)
	}
	if qids, _, err := root.Walk([]string{"gpu", "GPU-9"}); err == nil && len(qids) != 1 {
		log.Fatalf("half of a path that is not there: %v", qids)
	}
	if _, err := root.Mkdir("x", 0o755, 0, 0); !errors.Is(err, linux.EPERM) {
		log.Fatalf("mkdir: %v", err)
	}
}

// follow reads events, which waits at its end, until the job has ended.
func follow(root p9.File, job string, start int64, ended chan<- string) {
	events := open(root, "gpu/GPU-0/events", p9.ReadOnly)
	buffer := make([]byte, 4096)
	var text string
	for {
		n, err := events.ReadAt(buffer, start+int64(len(text)))
		must(err, "events")
		text += string(buffer[:n])
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, job) && strings.Contains(line, `"OK"`) {
				ended <- line
				return
			}
		}
	}
}

func work(root p9.File) {
	ctl := open(root, "gpu/GPU-0/ctl", p9.ReadWrite)
	_, err := ctl.WriteAt([]byte("LEASE mem_mb=64 streams=1 ttl_s=60\n"), 0)
	must(err, "ctl")
	buffer := make([]byte, 200)
	n, err := ctl.ReadAt(buffer, 0)
	must(err, "ctl")
	if !strings.HasPrefix(string(buffer[:n]), "OK LEASE lease=") {
		log.Fatalf("ctl says %s", buffer[:n])
	}
	_, status, err := root.Walk([]string{"gpu", "GPU-0", "status"})
	must(err, "status")
	_, _, attributes, err := status.GetAttr(p9.AttrMask{Size: true})
	must(err, "status")
	ended := make(chan string)
	job := fmt.Sprintf("go-%d", os.Getpid())
	go follow(root, job, int64(attributes.Size), ended)
	// The read waits; other requests of the same session go on.
	time.Sleep(50 * time.Millisecond)
	look(root)
	module := append([]byte{3, 2, 0x23, 7}, make([]byte, 16)...)
	descriptor := fmt.Sprintf(`{"job":%q,"kernel":"vadd","grid":[1,1,1],"block":[64,1,1],`+
		`"bytes_hash":"sha256:%x","inputs":[],"outputs":[],"timeout_ms":1000,"payload_b64":%q}`+"\n",
		job, sha256.Sum256(module), base64.StdEncoding.EncodeToString(module))
	_, err = open(root, "gpu/GPU-0/job", p9.WriteOnly).WriteAt([]byte(descriptor), 0)
	must(err, "job")
	select {
	case line := <-ended:
		fmt.Println(line)
	case <-time.After(10 * time.Second):
		log.Fatal("the job does not end")
	}
}

func main() {
	client, err := p9.NewClient(dial())
	must(err, "version")
	defer client.Close()
	root, err := client.Attach("")
	must(err, "attach")
	look(root)
	if os.Args[1] == "unix" {
		work(root)
		return
	}
	_, file, err := root.Walk([]string{"gpu", "GPU-0", "ctl"})
	must(err, "walk")
	if _, _, err = file.Open(p9.ReadWrite); !errors.Is(err, linux.EPERM) {
		log.Fatalf("a stranger opens ctl: %v", err)
	}
	fmt.Println("reads only")
}
