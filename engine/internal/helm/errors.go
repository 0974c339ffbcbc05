package helm

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/argofix/argofix/engine/internal/protocol"
	"github.com/argofix/argofix/engine/internal/store"
)

// failed is an error in Helm's own words.
func failed(format string, args ...any) *protocol.Error {
	return &protocol.Error{Code: protocol.Failed, Message: fmt.Errorf(format, args...).Error()}
}

func tooLarge(format string, args ...any) *protocol.Error {
	return &protocol.Error{Code: protocol.TooLarge, Message: fmt.Sprintf(format, args...)}
}

// at names the file that an error is about. The code is that of the error where it has one.
func at(file string, err error) *protocol.Error {
	var told *protocol.Error
	if !errors.As(err, &told) {
		told = &protocol.Error{Code: protocol.Failed}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			told.Code = protocol.NotFound
		case errors.Is(err, store.ErrEscapes):
			told.Code = protocol.Escapes
		}
	}
	placed := *told
	placed.Message = err.Error()
	if placed.File == "" {
		placed.File = file
	}
	return &placed
}

// typed makes a *protocol.Error of any error.
func typed(err error) *protocol.Error {
	var told *protocol.Error
	if errors.As(err, &told) {
		return told
	}
	return &protocol.Error{Code: protocol.Failed, Message: err.Error()}
}

// entryOf names the entry of the Application's helm block that an error is about.
func entryOf(err error, list string, index int) *protocol.Error {
	told := *typed(err)
	told.Entry = fmt.Sprintf("%s[%d]", list, index)
	return &told
}
