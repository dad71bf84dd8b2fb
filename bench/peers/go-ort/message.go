package main

import (
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// request is what a ModelInferRequest of one raw FP32 tensor says.
type request struct {
	model, id string
	shape     []int64
	values    []float32
}

// eachBytes visits the length-delimited fields of a message and skips the others.
func eachBytes(message []byte, visit func(field protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		field, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return protowire.ParseError(length)
		}
		message = message[length:]
		var value []byte
		if kind == protowire.BytesType {
			value, length = protowire.ConsumeBytes(message)
		} else {
			length = protowire.ConsumeFieldValue(field, kind, message)
		}
		if length < 0 {
			return protowire.ParseError(length)
		}
		message = message[length:]
		if kind != protowire.BytesType {
			continue
		}
		if err := visit(field, value); err != nil {
			return err
		}
	}
	return nil
}

func parseRequest(message []byte) (parsed request, err error) {
	err = eachBytes(message, func(field protowire.Number, value []byte) error {
		switch field {
		case 1:
			parsed.model = string(value)
		case 3:
			parsed.id = string(value)
		case 5:
			return eachBytes(value, parsed.takeTensorField)
		case 7:
			return parsed.takeValues(value)
		}
		return nil
	})
	return parsed, err
}

func (r *request) takeTensorField(field protowire.Number, value []byte) error {
	if field != 3 {
		return nil
	}
	for len(value) > 0 {
		size, length := protowire.ConsumeVarint(value)
		if length < 0 {
			return protowire.ParseError(length)
		}
		r.shape = append(r.shape, int64(size))
		value = value[length:]
	}
	return nil
}

func (r *request) takeValues(raw []byte) error {
	if len(raw)%4 != 0 {
		return errors.New("raw content is not of whole FP32 values")
	}
	r.values = make([]float32, len(raw)/4)
	for at := range r.values {
		r.values[at] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*at:]))
	}
	return nil
}

func response(asked request, shape []int64, values []float32) []byte {
	var sizes, tensor, message []byte
	for _, size := range shape {
		sizes = protowire.AppendVarint(sizes, uint64(size))
	}
	raw := make([]byte, 0, 4*len(values))
	for _, value := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(value))
	}
	tensor = appendBytes(tensor, 1, []byte("output"))
	tensor = appendBytes(tensor, 2, []byte("FP32"))
	tensor = appendBytes(tensor, 3, sizes)
	message = appendBytes(message, 1, []byte(asked.model))
	message = appendBytes(message, 2, []byte("1"))
	message = appendBytes(message, 3, []byte(asked.id))
	message = appendBytes(message, 5, tensor)
	return appendBytes(message, 6, raw)
}

func appendBytes(message []byte, field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, field, protowire.BytesType), value)
}
