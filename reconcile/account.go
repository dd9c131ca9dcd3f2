package reconcile

import (
	"fmt"
	"regexp"
	"sync"
)

// accountPattern keeps an account id from changing the path of a request.
var accountPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`) })

// CheckAccountID returns an error when text cannot be an account id.
func CheckAccountID(text string) error {
	if !accountPattern().MatchString(text) {
		return fmt.Errorf("%q is not an account id: copy the 32 letters and digits from the dashboard's address, or from Account home", text)
	}
	return nil
}
