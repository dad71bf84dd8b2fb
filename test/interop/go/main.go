// The calls of write-cases.ts by grpc-go. Arguments: file of the calls, address, and for TLS the file of the authority.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

type wanted struct {
	Name     string     `json:"name"`
	Path     string     `json:"path"`
	Requests [][]byte   `json:"requests"`
	Status   codes.Code `json:"status"`
	Take     int        `json:"take"`
	Answers  int        `json:"answers"`
	Contains []byte     `json:"contains"`
}

// bytesCodec hands messages through as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*message.(*[]byte))}, nil
}

func (bytesCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.Materialize()
	return nil
}

// run makes one call; every kind is a bidirectional one on the wire.
func run(conn *grpc.ClientConn, w wanted, options ...grpc.CallOption) (answers [][]byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, w.Path, options...)
	if err != nil {
		return nil, err
	}
	for at := range w.Requests {
		// What went wrong is said by RecvMsg.
		_ = stream.SendMsg(&w.Requests[at])
	}
	_ = stream.CloseSend()
	for {
		var answer []byte
		if err = stream.RecvMsg(&answer); err != nil {
			break
		}
		answers = append(answers, answer)
		if len(answers) == w.Take {
			cancel()
		}
	}
	if err.Error() == "EOF" {
		err = nil
	}
	return answers, err
}

func check(conn *grpc.ClientConn, w wanted, suffix string, options ...grpc.CallOption) bool {
	answers, err := run(conn, w, options...)
	right := status.Code(err) == w.Status && len(answers) == w.Answers
	for _, answer := range answers {
		right = right && bytes.Contains(answer, w.Contains)
	}
	verdict := "ok"
	if !right {
		verdict = "FAILED"
	}
	fmt.Printf("%s %s%s: %d answers, %v\n", verdict, w.Name, suffix, len(answers), err)
	return right
}

func main() {
	security := insecure.NewCredentials()
	if len(os.Args) > 3 {
		tls, err := credentials.NewClientTLSFromFile(os.Args[3], "")
		if err != nil {
			log.Fatal(err)
		}
		security = tls
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var cases []wanted
	if err := json.Unmarshal(text, &cases); err != nil {
		log.Fatal(err)
	}
	conn, err := grpc.NewClient(os.Args[2], grpc.WithTransportCredentials(security), grpc.WithDefaultCallOptions(grpc.ForceCodecV2(bytesCodec{})))
	if err != nil {
		log.Fatal(err)
	}
	right := true
	for _, w := range cases {
		right = check(conn, w, "") && right
		right = check(conn, w, ", gzip", grpc.UseCompressor(gzip.Name)) && right
	}
	if !right {
		os.Exit(1)
	}
}
