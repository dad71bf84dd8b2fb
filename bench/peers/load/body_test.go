package main

import (
	"math/rand"
	"os"
	"path/filepath"
	"testing"
)

func TestDeframerCountsMessagesInAnyPieces(t *testing.T) {
	stream := append(append(framed(nil), framed([]byte{1, 2, 3})...), framed(make([]byte, 300))...)
	for size := 1; size <= len(stream); size++ {
		var counted deframer
		sum := 0
		for at := 0; at < len(stream); at += size {
			sum += counted.take(stream[at:min(at+size, len(stream))])
		}
		if sum != 3 || counted.messages != 3 || counted.have != 0 {
			t.Fatalf("pieces of %d bytes: %d messages, %+v", size, sum, counted)
		}
	}
}

func TestMixChoosesByWeight(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bodies")
	lines := `{"class":1,"weight":99,"message":"AAAA"}` + "\n" + `{"class":0,"weight":1,"message":"AA=="}`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := readMix(file)
	if err != nil {
		t.Fatal(err)
	}
	rng, seen := rand.New(rand.NewSource(7)), make([]int, read.classes)
	for range 100_000 {
		seen[read.pick(rng).class]++
	}
	if len(seen) != 2 || seen[0] < 800 || seen[0] > 1200 {
		t.Fatalf("of the rare and the frequent class: %v", seen)
	}
}

func TestMixNeedsABody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bodies")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readMix(file); err == nil {
		t.Fatal("an empty file was taken")
	}
}
