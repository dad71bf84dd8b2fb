// A bare grpc-go server that echoes bytes: what another runtime's library costs. Prints the port that it got.
// Arguments, for TLS: the files of its certificate and of its key.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/mem"
)

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

// unary answers with what answer makes of the request.
func unary(name string, answer func([]byte) []byte) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var request []byte
			if err := decode(&request); err != nil {
				return nil, err
			}
			response := answer(request)
			return &response, nil
		},
	}
}

func echo(request []byte) []byte { return request }

func length(request []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(len(request)))
}

// repeat answers with the request as often as its first four bytes say.
func repeat(_ any, stream grpc.ServerStream) error {
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	for range binary.BigEndian.Uint32(request) {
		if err := stream.SendMsg(&request); err != nil {
			return err
		}
	}
	return nil
}

func options() []grpc.ServerOption {
	options := []grpc.ServerOption{grpc.ForceServerCodecV2(bytesCodec{}), grpc.MaxRecvMsgSize(64 << 20)}
	if len(os.Args) < 3 {
		return options
	}
	tls, err := credentials.NewServerTLSFromFile(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	return append(options, grpc.Creds(tls))
}

func main() {
	server := grpc.NewServer(options()...)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "inference.GRPCInferenceService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{unary("ModelInfer", echo)},
	}, nil)
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Echo",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{unary("Length", length)},
		Streams:     []grpc.StreamDesc{{StreamName: "Repeat", Handler: repeat, ServerStreams: true}},
	}, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on %v\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}
