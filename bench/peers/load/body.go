package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/rand"
	"os"
	"slices"
)

const prefixBytes = 5

// body is one request message behind its prefix.
type body struct {
	framed []byte
	// class is what its latency is reported under.
	class int
	// until is the sum of the weights up to this one, its own with them.
	until float64
}

// mix is the bodies that calls are made of.
type mix struct {
	bodies  []body
	classes int
}

// pick chooses by weight.
func (m *mix) pick(rng *rand.Rand) *body {
	if len(m.bodies) == 1 {
		return &m.bodies[0]
	}
	at := rng.Float64() * m.bodies[len(m.bodies)-1].until
	found, _ := slices.BinarySearchFunc(m.bodies, at, func(b body, at float64) int {
		if b.until <= at {
			return -1
		}
		return 1
	})
	return &m.bodies[min(found, len(m.bodies)-1)]
}

// bodyLine is a line of the file of bodies.
type bodyLine struct {
	Class   int     `json:"class"`
	Weight  float64 `json:"weight"`
	Message []byte  `json:"message"`
}

func readMix(file string) (*mix, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	lines := json.NewDecoder(bufio.NewReader(opened))
	m, sum := &mix{}, 0.0
	for {
		var line bodyLine
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		sum += line.Weight
		m.bodies = append(m.bodies, body{framed: framed(line.Message), class: line.Class, until: sum})
		m.classes = max(m.classes, line.Class+1)
	}
	if len(m.bodies) == 0 || sum <= 0 {
		return nil, errors.New(file + " has no bodies")
	}
	return m, nil
}

// sizedMix is one message of as many bytes whose first four say how many answers are wanted.
func sizedMix(bytes, answers int) *mix {
	message := make([]byte, bytes)
	for at := range message {
		message[at] = byte(at % 251)
	}
	if bytes >= 4 {
		binary.BigEndian.PutUint32(message, uint32(answers))
	}
	return &mix{bodies: []body{{framed: framed(message), until: 1}}, classes: 1}
}

func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

// deframer counts length-prefixed messages in the pieces in which they come.
type deframer struct {
	prefix   [prefixBytes]byte
	have     int
	left     int
	messages int
}

// take returns how many messages end in this piece.
func (d *deframer) take(piece []byte) int {
	before := d.messages
	for len(piece) > 0 {
		if d.have < prefixBytes {
			taken := copy(d.prefix[d.have:], piece)
			d.have += taken
			piece = piece[taken:]
			if d.have < prefixBytes {
				break
			}
			d.left = int(binary.BigEndian.Uint32(d.prefix[1:]))
		}
		taken := min(d.left, len(piece))
		d.left -= taken
		piece = piece[taken:]
		if d.left == 0 {
			d.messages++
			d.have = 0
		}
	}
	return d.messages - before
}
