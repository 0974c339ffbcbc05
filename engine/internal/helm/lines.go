package helm

import (
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// lineOf returns the line of the template that wrote the first thing of a document that is no comment: the text of
// the template itself, or the action that wrote it. 0 where that cannot be told.
func lineOf(one rendered, piece string, offset int) int {
	at := offset + firstContent(piece)
	// The last mark at or before the place wrote it: what begins at the same place and is empty comes before.
	next := sort.Search(len(one.marks), func(i int) bool { return one.marks[i].offset > at })
	if next == 0 {
		return 0
	}
	wrote := one.marks[next-1]
	if !strings.HasPrefix(wrote.point.text[wrote.point.offset:], "{{") {
		further := at - wrote.offset
		if wrote.point.offset+further <= len(wrote.point.text) {
			return wrote.point.line(further)
		}
	}
	return wrote.point.line(0)
}

// firstContent is the offset of the first line that is neither blank nor a comment.
func firstContent(piece string) int {
	offset := 0
	for line := range strings.Lines(piece) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			return offset + len(line) - len(strings.TrimLeft(line, " \t"))
		}
		offset += len(line)
	}
	return 0
}

// located is how text/template names a place.
var located = regexp.MustCompile(`^template: (.+?):(\d+)(?::\d+)?: `)

// place returns the file and the line that an error of text/template names first, where the file is one that a person
// may edit.
func (l *loaded) place(listed []source, err error) (string, int) {
	found := located.FindStringSubmatch(err.Error())
	if found == nil {
		return "", 0
	}
	for _, one := range listed {
		if one.name == found[1] {
			where := l.places[one.file]
			if where.inside != "" {
				return where.path, 0
			}
			line, _ := strconv.Atoi(found[2])
			return where.path, line
		}
	}
	return "", 0
}
