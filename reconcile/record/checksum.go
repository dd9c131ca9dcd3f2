package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"sync"

	// It decodes as encoding/json does, in half of the time.
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Each line ends with its checksum, over all that stands before it, the checksum
// of the line before included ("prev"). So a line can be believed by itself,
// whatever happened to others, and the first line after a gap shows it.

// sumLength is how many hexadecimal digits of a SHA-256 are kept.
const sumLength = 32

// sumOf returns the checksum of the beginning of a line.
func sumOf(beginning []byte) string {
	hash := sha256.Sum256(beginning)
	return hex.EncodeToString(hash[:])[:sumLength]
}

// sumPattern is how a line ends.
var sumPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`,"sum":"([0-9a-f]{32})"\}`) })

// lineBeginning is how a line begins. Within a line no text can be read as it,
// since quotation marks in texts are escaped.
const lineBeginning = `{"type":"`

// decoded is what a piece of a journal between two line breaks turned out to be.
type decoded struct {
	line line
	sum  string // empty for a line without a checksum
}

// decode returns the lines in a piece of a journal whose checksums are right. There is
// more than one where the line break between two was lost. A piece without any
// checksum is a line of an earlier version, if it is JSON; it is for the caller to
// say whether the journal is of one.
func decode(piece []byte) (lines []decoded, isWhole bool) {
	ends := sumPattern().FindAllSubmatchIndex(piece, -1)
	begin := 0
	isWhole = true
	for _, end := range ends {
		l, sum, at, ok := decodeOne(piece, begin, end)
		if !ok {
			isWhole = false
			continue
		}
		isWhole = isWhole && at == begin
		lines, begin = append(lines, decoded{l, sum}), end[1]
	}
	if len(ends) == 0 {
		var l line
		if jsonv1.Unmarshal(piece, &l) != nil || l.Sum != "" {
			return nil, false
		}
		return []decoded{{line: l}}, true
	}
	return lines, isWhole && begin == len(piece)
}

// decodeOne looks for the beginning of the line that has its checksum at a place.
func decodeOne(piece []byte, from int, end []int) (l line, sum string, at int, ok bool) {
	sum = string(piece[end[2]:end[3]])
	for at = from; at < end[0]; at++ {
		next := bytes.Index(piece[at:end[0]], []byte(lineBeginning))
		if next < 0 {
			break
		}
		at += next
		if sumOf(piece[at:end[0]]) == sum && jsonv1.Unmarshal(piece[at:end[1]], &l) == nil {
			return l, sum, at, true
		}
	}
	return line{}, "", 0, false
}
