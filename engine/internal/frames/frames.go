// Package frames reads and writes what the engine and its parent say to each other.
//
// A frame is one byte that tells its type, four bytes of length (big-endian), and that many bytes of payload. There is
// no way to find the next frame after a broken one, so every error here ends the conversation.
package frames

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Type is the first byte of a frame.
type Type byte

// The types of frames. Blob, Forget and Request come in; Answer goes out.
const (
	Blob    Type = 'B' // the id of a blob (40 or 64 hexadecimal digits), a newline, its bytes
	Forget  Type = 'F' // a JSON list of blob ids that will not be asked for again
	Request Type = 'Q' // a protocol.Request as JSON
	Answer  Type = 'A' // a protocol.Answer as JSON
)

// MaxIncoming is the largest payload that is read, in bytes.
const MaxIncoming = 64 << 20

const headerSize = 5

// ErrCut tells that the stream ended inside of a frame.
var ErrCut = errors.New("the stream ends inside of a frame")

// Frame is one message.
type Frame struct {
	Type    Type
	Payload []byte
}

// Reader reads frames from a stream.
type Reader struct {
	stream *bufio.Reader
}

// NewReader returns a Reader of stream.
func NewReader(stream io.Reader) *Reader {
	return &Reader{bufio.NewReaderSize(stream, 1<<16)}
}

// Next returns the next frame. It returns io.EOF where the stream ends between two frames, ErrCut where it ends inside
// of one, and another error for a type that is not known or a payload of more than MaxIncoming bytes.
func (r *Reader) Next() (Frame, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r.stream, header[:]); err != nil {
		return Frame{}, cut(err)
	}
	kind, length := Type(header[0]), binary.BigEndian.Uint32(header[1:])
	switch kind {
	case Blob, Forget, Request, Answer:
	default:
		return Frame{}, fmt.Errorf("a frame of unknown type %#02x", byte(kind))
	}
	if length > MaxIncoming {
		return Frame{}, fmt.Errorf("a frame of %d bytes, where %d are the most", length, MaxIncoming)
	}
	payload, err := readExactly(r.stream, int(length))
	if err != nil {
		return Frame{}, err
	}
	return Frame{kind, payload}, nil
}

// Buffered tells whether more input lies ready, so that answers may wait for a common write.
func (r *Reader) Buffered() bool { return r.stream.Buffered() > 0 }

// readExactly grows with what arrives, so that a length that is only claimed costs nothing.
func readExactly(stream io.Reader, length int) ([]byte, error) {
	const step = 1 << 20
	payload := make([]byte, 0, min(length, step))
	for len(payload) < length {
		have := len(payload)
		more := min(length-have, max(have, step))
		payload = append(payload, make([]byte, more)...)
		if _, err := io.ReadFull(stream, payload[have:]); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, cut(err)
		}
	}
	return payload, nil
}

func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrCut
	}
	return err
}

// Write writes one frame in one call of stream.Write.
func Write(stream io.Writer, kind Type, payload []byte) error {
	if uint64(len(payload)) > 1<<32-1 {
		return fmt.Errorf("a payload of %d bytes does not fit into a frame", len(payload))
	}
	frame := make([]byte, headerSize, headerSize+len(payload))
	frame[0] = byte(kind)
	binary.BigEndian.PutUint32(frame[1:], uint32(len(payload)))
	_, err := stream.Write(append(frame, payload...))
	return err
}
