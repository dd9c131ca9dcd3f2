package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// computeDigest returns the digest of everything that the plan decides. When it
// was made is left out, and by how many requests, so that the same decision has the same
// digest on another day, and so is what became of it.
func (p *Plan) computeDigest() string {
	decision := *p
	decision.Digest = ""
	decision.Tool, decision.BaseURL = "", ""
	decision.CreatedAt = time.Time{}
	decision.Live.ReadAt, decision.Live.Reads = time.Time{}, 0
	decision.Run = nil
	sum := sha256.New()
	// The types of a plan always marshal, and a hash always takes what it gets.
	_ = json.NewEncoder(sum).Encode(decision)
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// maxPlanSize bounds a saved plan: a million changes take about this much.
const maxPlanSize = 1 << 30

// ReadPlan reads a saved plan and checks that it is whole: of a format version
// that this seatsync reads, and with the digest of its content.
func ReadPlan(r io.Reader) (*Plan, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxPlanSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxPlanSize {
		return nil, fmt.Errorf("larger than %d MiB, which no plan is", maxPlanSize>>20)
	}
	var version struct {
		FormatVersion *int `json:"format_version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("not a plan in JSON: %w", jsonProblem(err))
	}
	if version.FormatVersion == nil {
		return nil, errors.New("not a saved plan: format_version is missing; make one with 'seatsync plan --out PATH'")
	}
	if *version.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("format version %d, but this seatsync reads %d: make the plan again with this version",
			*version.FormatVersion, FormatVersion)
	}
	plan := new(Plan)
	if err := json.Unmarshal(data, plan); err != nil {
		return nil, fmt.Errorf("not a plan: %w", jsonProblem(err))
	}
	if plan.Digest != plan.computeDigest() {
		return nil, errors.New("the digest does not match the content: the plan was changed or redacted after it was made; make it again")
	}
	if plan.Changes == nil {
		plan.Changes = []Change{} // nil would mean that none are proposed, see PlanOptions
	}
	return plan, nil
}

// jsonProblem says without Go's types that a value is of the wrong type.
func jsonProblem(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	if wrong.Field == "" {
		return fmt.Errorf("it is not an object but of type %s", wrong.Value)
	}
	return fmt.Errorf("%s cannot be of type %s", wrong.Field, wrong.Value)
}
