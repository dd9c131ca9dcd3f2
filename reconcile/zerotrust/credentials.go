package zerotrust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"unicode"
)

// The environment variables of credentials. They are those of Cloudflare's own
// SDKs, except for the file, which is how Docker and Kubernetes hand out secrets.
const (
	EnvToken     = "CLOUDFLARE_API_TOKEN"
	EnvTokenFile = "CLOUDFLARE_API_TOKEN_FILE"
	EnvEmail     = "CLOUDFLARE_EMAIL"
	EnvKey       = "CLOUDFLARE_API_KEY"
)

// The permissions that a token needs, by the names of Cloudflare's dashboard.
// Which permission reading devices takes is not said in the documentation of
// the call; the name is that of related calls.
const (
	PermissionList    = "Access: Audit Logs Read"
	PermissionWrite   = "Zero Trust: Seats Write"
	PermissionDevices = "Zero Trust Read"
	// PermissionSettings and PermissionBilling are optional.
	PermissionSettings = "Access: Organizations, Identity Providers, and Groups Read"
	PermissionBilling  = "Billing Read"
)

// tokenPage is where people make tokens.
const tokenPage = "https://dash.cloudflare.com/profile/api-tokens"

// maxTokenFile is far more than any token, and keeps a wrong path from being
// read into memory.
const maxTokenFile = 64 << 10

// Credentials prove to the API who is asking: an API token, or the older pair
// of an email address and a key. No method shows a secret. The zero value holds
// none and is refused by [Connect].
type Credentials struct {
	token      string
	email, key string
	origin     string
	notice     string
}

// TokenCredentials returns credentials that are an API token.
func TokenCredentials(token string) Credentials {
	return Credentials{token: token, origin: "API token"}
}

// ReadCredentials finds credentials in the environment and in the file that
// --api-token-file names, which may be "". The flag wins over everything, the
// token variable over the file variable, and a token over the older pair;
// [Credentials.Notice] says what was left aside.
func ReadCredentials(getenv func(string) string, tokenFile string) (Credentials, error) {
	token, envFile := getenv(EnvToken), getenv(EnvTokenFile)
	var found Credentials
	var err error
	switch {
	case tokenFile != "":
		found, err = readTokenFile(tokenFile, "--api-token-file")
		if token != "" || envFile != "" {
			found.notice = "--api-token-file wins: " + joinSet(getenv, EnvToken, EnvTokenFile) + " not used"
		}
	case token != "":
		found = Credentials{token: token, origin: EnvToken}
		if envFile != "" {
			found.notice = EnvToken + " wins: " + EnvTokenFile + " is set and not used"
		}
	case envFile != "":
		found, err = readTokenFile(envFile, EnvTokenFile)
	default:
		found, err = readKey(getenv(EnvEmail), getenv(EnvKey))
	}
	if err != nil {
		return Credentials{}, err
	}
	if err := found.check(); err != nil {
		return Credentials{}, err
	}
	return found, nil
}

// joinSet names the variables that are set, with their verb.
func joinSet(getenv func(string) string, names ...string) string {
	var set []string
	for _, name := range names {
		if getenv(name) != "" {
			set = append(set, name)
		}
	}
	if len(set) == 1 {
		return set[0] + " is set and"
	}
	return strings.Join(set, " and ") + " are set and"
}

// readTokenFile reads a token from a file and drops the newline at its end,
// which editors and echo leave there.
func readTokenFile(path, origin string) (Credentials, error) {
	file, err := os.Open(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", origin, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if err != nil {
		return Credentials{}, fmt.Errorf("%s: %w", origin, err)
	}
	token := strings.TrimRight(string(data), "\r\n")
	switch {
	case len(data) > maxTokenFile:
		return Credentials{}, fmt.Errorf("%s: %s is too large for a file that holds a token", origin, path)
	case token == "":
		return Credentials{}, fmt.Errorf("%s: %s is empty: it must hold the API token and nothing else", origin, path)
	}
	return Credentials{token: token, origin: origin + " " + path}, nil
}

// readKey returns the older pair, or what to do when there is none.
func readKey(email, key string) (Credentials, error) {
	switch {
	case email != "" && key != "":
		return Credentials{email: email, key: key, origin: EnvKey}, nil
	case key != "":
		return Credentials{}, errors.New(EnvKey + " is set and " + EnvEmail + " is not: set both, or better " + EnvToken + " alone")
	case email != "":
		return Credentials{}, errors.New(EnvEmail + " is set and " + EnvKey + " is not: set both, or better " + EnvToken + " alone")
	}
	return Credentials{}, fmt.Errorf("no credentials: set %s (or %s to a file that holds the token); "+
		"make a token at %s with the permissions %q to plan and %q to apply",
		EnvToken, EnvTokenFile, tokenPage, PermissionList, PermissionWrite)
}

// check returns what is wrong with the form of the credentials.
func (c Credentials) check() error {
	switch {
	case c.token != "":
		return checkHeaderText(c.origin, c.token)
	case c.key == "" && c.email == "":
		return errors.New("no credentials: set " + EnvToken)
	case c.key == "" || c.email == "":
		return errors.New("credentials: an email address and a key belong together")
	}
	return errors.Join(checkHeaderText("email address of the API key", c.email), checkHeaderText(c.origin, c.key))
}

// checkHeaderText returns an error when a text cannot be sent as a header, or
// would be sent as something else than it looks like. It never shows the text.
func checkHeaderText(name, text string) error {
	for _, char := range text {
		switch {
		case char == '\n' || char == '\r':
			return fmt.Errorf("%s: contains a line break: it must be one line", name)
		case strings.HasPrefix(text, "Bearer "):
			return fmt.Errorf("%s: starts with Bearer: give the token alone", name)
		case name != userAgentName && unicode.IsSpace(char):
			return fmt.Errorf("%s: contains a space: copy it again, without anything around it", name)
		case unicode.IsControl(char):
			return fmt.Errorf("%s: contains a control character: copy it again", name)
		case char > unicode.MaxASCII:
			return fmt.Errorf("%s: contains a character that no token has: copy it again", name)
		}
	}
	return nil
}

// userAgentName is the one header text that may hold spaces.
const userAgentName = "user agent"

// Origin says where the credentials come from, for people: a variable or a file.
func (c Credentials) Origin() string { return c.origin }

// Notice says which other credentials were found and left aside, or is "".
func (c Credentials) Notice() string { return c.notice }

// IsToken reports whether the credentials are an API token.
func (c Credentials) IsToken() bool { return c.token != "" }

// set puts the credentials into the headers of a request.
func (c Credentials) set(header http.Header) {
	if c.token != "" {
		header.Set("Authorization", "Bearer "+c.token)
		return
	}
	header.Set("X-Auth-Email", c.email)
	header.Set("X-Auth-Key", c.key)
}

// withoutSecrets returns the text with every secret in it masked. An API that
// repeats what it was sent must not make us show it.
func (c Credentials) withoutSecrets(text string) string {
	for _, secret := range []string{c.token, c.key} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	return text
}

// String says of which kind the credentials are and where they come from.
func (c Credentials) String() string {
	switch {
	case c.token != "":
		return "API token from " + c.origin
	case c.key != "":
		return "API key from " + c.origin
	}
	return "no credentials"
}

// GoString is String, so that %#v shows no secret either.
func (c Credentials) GoString() string { return "zerotrust.Credentials{" + c.String() + "}" }

// Format writes String for every verb, since %d or %x would else print fields.
func (c Credentials) Format(state fmt.State, verb rune) {
	if verb == 'v' && state.Flag('#') {
		_, _ = io.WriteString(state, c.GoString())
		return
	}
	_, _ = io.WriteString(state, c.String())
}

// LogValue is String, for log/slog.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON writes String.
func (c Credentials) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }
