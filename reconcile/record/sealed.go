package record

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// seal ends a JSON object with its checksum, as each line of a journal does.
func seal(object any) (data []byte, sum string, err error) {
	text, err := lineOf(object)
	if err != nil {
		return nil, "", err
	}
	beginning := bytes.TrimSuffix(text, []byte("}\n"))
	sum = sumOf(beginning)
	return append(beginning, `,"sum":"`+sum+"\"}\n"...), sum, nil
}

// lineOf writes a JSON object as a line, as journals of a version without checksums have
// them.
func lineOf(object any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return text.Bytes(), err
}

// errTorn is behind a file whose checksum is not right.
var errTorn = errors.New("it is torn or was changed: its checksum is not right")

// checkSeal returns an error unless the text is as [seal] has made it.
func checkSeal(text []byte) error {
	text = bytes.TrimSuffix(text, []byte("\n"))
	const length = len(`,"sum":"`) + sumLength + len(`"}`)
	if len(text) < length {
		return errTorn
	}
	beginning, end := text[:len(text)-length], text[len(text)-length:]
	if string(end) != `,"sum":"`+sumOf(beginning)+`"}` {
		return errTorn
	}
	return nil
}

// beingWritten begins the name of a file that is not complete yet.
const beingWritten = ".tmp-"

// randomHex tells files of several processes apart.
func randomHex() string {
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	return hex.EncodeToString(random[:])
}

// replaceFile writes a file so that it has its name only when all of it is on the
// disk. One that is there is replaced.
func replaceFile(directory *os.Root, name string, data []byte) error {
	temporary := beingWritten + randomHex()
	file, err := directory.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil {
		err = directory.Rename(temporary, name)
	}
	if err != nil {
		return errors.Join(err, directory.Remove(temporary))
	}
	return syncDirectory(directory)
}

// overwriteFile writes a file that is there in its place. It is torn until that is done.
func overwriteFile(directory *os.Root, name string, data []byte) error {
	file, err := openFile(directory, name, os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Truncate(int64(len(data)))
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// readSealed reads the object in a file of a directory that [seal] has made, of at most so
// many bytes.
func readSealed(directory *os.Root, name string, most int64, object any) error {
	text, err := readSealedText(directory, name, most)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, object)
}

// readSealedText reads such a file, and checks that it is whole.
func readSealedText(directory *os.Root, name string, most int64) ([]byte, error) {
	file, err := openFile(directory, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(text)) > most:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return text, checkSeal(text)
}

// isLeftover reports whether a file is what a process that was killed has left of
// one that it was writing.
func isLeftover(entry fs.DirEntry) bool { return strings.HasPrefix(entry.Name(), beingWritten) }
