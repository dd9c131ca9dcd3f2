package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// gitHubFolder is what the stand-ins for GitHub and for gh share: a folder.
//
//	artifacts/RUN/NAME/…     what a workflow run has uploaded
//	artifacts/RUN/NAME.json  an artifact as the API lists it
//	runs.json                the workflow runs, the latest first
//	comments.json            of the one pull request
//	release/                 the files of the one release
type gitHubFolder string

// artifact is one of a workflow run, as the API has it.
type artifact struct {
	Name        string    `json:"name"`
	Expired     bool      `json:"expired"`
	CreatedAt   time.Time `json:"created_at"`
	WorkflowRun struct {
		ID               int    `json:"id"`
		HeadBranch       string `json:"head_branch"`
		RepositoryID     int    `json:"repository_id"`
		HeadRepositoryID int    `json:"head_repository_id"`
	} `json:"workflow_run"`
}

// comment is one of a pull request.
type comment struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// pastRun is a workflow run in the list of gh.
type pastRun struct {
	ID       int    `json:"databaseId"`
	Workflow string `json:"workflow"`
	Branch   string `json:"branch"`
}

func (f gitHubFolder) path(names ...string) string {
	return filepath.Join(append([]string{string(f)}, names...)...)
}

// read decodes a file; one that is not there leaves the value as it is.
func (f gitHubFolder) read(into any, names ...string) error {
	data, err := os.ReadFile(f.path(names...))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

func (f gitHubFolder) write(value any, names ...string) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(names...), data, 0o600)
}

// standInForGh is the program gh, as far as our workflows use it.
func standInForGh() {
	if os.Getenv("GH_TOKEN") != "token-of-github" {
		fmt.Fprintln(os.Stderr, "gh: no token")
		os.Exit(4)
	}
	if err := gitHubFolder(os.Getenv("GITHUB_FOLDER")).gh(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gh:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// gh does what one call of gh asks for.
func (f gitHubFolder) gh(args []string, out io.Writer) error {
	var words []string
	flags := make(map[string]string)
	var patterns []string
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		switch name = strings.TrimPrefix(name, "-"); {
		case !isFlag:
			words = append(words, args[i])
		case slices.Contains([]string{"paginate", "silent"}, name):
			flags[name] = "true"
		default:
			i++
			flags[name] = args[i]
			if name == "pattern" {
				patterns = append(patterns, args[i])
			}
		}
	}
	switch strings.Join(words[:min(len(words), 2)], " ") {
	case "release download":
		for _, pattern := range patterns {
			data, err := os.ReadFile(f.path("release", pattern))
			if err = errors.Join(err, os.WriteFile(pattern, data, 0o600)); err != nil {
				return err
			}
		}
		return nil
	case "attestation verify":
		return nil
	case "run list":
		return f.latestRun(out, flags["workflow"], flags["branch"])
	case "run download":
		return os.CopyFS(flags["dir"], os.DirFS(f.path("artifacts", words[2], flags["name"])))
	}
	if words[0] == "api" {
		return f.api(flags["method"], words[1], strings.TrimPrefix(flags["F"], "body=@"), out)
	}
	return fmt.Errorf("the stand-in does not know %q", args)
}

// latestRun writes the number of the latest run of a workflow.
func (f gitHubFolder) latestRun(out io.Writer, workflow, branch string) error {
	var runs []pastRun
	if err := f.read(&runs, "runs.json"); err != nil {
		return err
	}
	for _, run := range runs {
		if run.Workflow == workflow && run.Branch == branch {
			_, err := fmt.Fprintln(out, run.ID)
			return err
		}
	}
	return nil
}

// api answers a request to the API.
func (f gitHubFolder) api(method, address, bodyFile string, out io.Writer) error {
	target, err := url.Parse(address)
	if err != nil {
		return err
	}
	var comments []comment
	if err := f.read(&comments, "comments.json"); err != nil {
		return err
	}
	path := strings.TrimPrefix(target.Path, "repos/acme/seats/")
	switch {
	case method == "" && path == "actions/artifacts":
		listed, err := f.artifacts(target.Query().Get("name"))
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(map[string]any{"artifacts": listed})
	case method == "" && path == "issues/7/comments":
		return json.NewEncoder(out).Encode(comments)
	}
	body, err := os.ReadFile(bodyFile)
	if err != nil {
		return err
	}
	var id int
	switch _, err := fmt.Sscanf(path, "issues/comments/%d", &id); {
	case method == "POST" && path == "issues/7/comments":
		added := comment{ID: 100 + len(comments), Body: string(body)}
		added.User.Login = "github-actions[bot]"
		comments = append(comments, added)
	case method == "PATCH" && err == nil:
		at := slices.IndexFunc(comments, func(c comment) bool { return c.ID == id })
		comments[at].Body = string(body)
	default:
		return fmt.Errorf("the stand-in does not know %s %s", method, address)
	}
	return f.write(comments, "comments.json")
}

// artifacts lists those of a name.
func (f gitHubFolder) artifacts(name string) ([]artifact, error) {
	paths, err := filepath.Glob(f.path("artifacts", "*", name+".json"))
	if err != nil {
		return nil, err
	}
	listed := []artifact{}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		var one artifact
		err = json.NewDecoder(bufio.NewReader(file)).Decode(&one)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, err
		}
		listed = append(listed, one)
	}
	return listed, nil
}
