package main

import (
	"os"
	"path/filepath"
	"time"
)

// fileStates tells, by their paths, whether files have changed since they were read.
type fileStates map[string]fileState

type fileState struct {
	modified time.Time
	size     int64
}

// statesOf looks at the files that a root file came with, and at the folders that they
// are in: those change when a file comes or goes.
func statesOf(root string, files []string) fileStates {
	states, folder := make(fileStates), filepath.Dir(root)
	states[folder] = stateOf(folder)
	for _, place := range files {
		for ; place != folder && place != filepath.Dir(place); place = filepath.Dir(place) {
			states[place] = stateOf(place)
		}
	}
	return states
}

func stateOf(path string) fileState {
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}
	}
	return fileState{info.ModTime(), info.Size()}
}

// haveChanged reports whether some file is not what it was.
func (s fileStates) haveChanged() bool {
	for path, state := range s {
		if now := stateOf(path); !now.modified.Equal(state.modified) || now.size != state.size {
			return true
		}
	}
	return false
}
