// The server that one would write by hand in Go: grpc-go, and ONNX Runtime through cgo on the goroutine of the call; no batching.
// Arguments: the shared library of ONNX Runtime, a model repository, then the models to serve, of one FP32 input "input" and one FP32
// output "output". Prints the port that it got.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
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

type models map[string]*ort.DynamicAdvancedSession

func (m models) infer(message []byte) ([]byte, error) {
	asked, err := parseRequest(message)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	session := m[asked.model]
	if session == nil {
		return nil, status.Errorf(codes.NotFound, "unknown model %q", asked.model)
	}
	input, err := ort.NewTensor(ort.NewShape(asked.shape...), asked.values)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	defer input.Destroy()
	outputs := []ort.Value{nil}
	if err := session.Run([]ort.Value{input}, outputs); err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	defer outputs[0].Destroy()
	output, ok := outputs[0].(*ort.Tensor[float32])
	if !ok {
		return nil, status.Error(codes.Internal, "the output is not FP32")
	}
	return response(asked, output.GetShape(), output.GetData()), nil
}

func handle(served any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var message []byte
	if err := decode(&message); err != nil {
		return nil, err
	}
	answer, err := served.(models).infer(message)
	return &answer, err
}

func open(repository string, names []string) (models, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	opened := models{}
	for _, name := range names {
		file := filepath.Join(repository, name, "1", "model.onnx")
		session, err := ort.NewDynamicAdvancedSession(file, []string{"input"}, []string{"output"}, options)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		opened[name] = session
	}
	return opened, nil
}

func run(library, repository string, names []string) error {
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	opened, err := open(repository, names)
	if err != nil {
		return err
	}
	server := grpc.NewServer(grpc.ForceServerCodecV2(bytesCodec{}), grpc.MaxRecvMsgSize(64<<20))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "inference.GRPCInferenceService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "ModelInfer", Handler: handle}},
	}, opened)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on %v\n", listener.Addr())
	return server.Serve(listener)
}

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: go-ort LIBRARY REPOSITORY MODEL…")
	}
	log.Fatal(run(os.Args[1], os.Args[2], os.Args[3:]))
}
