package zerotrust

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCredentialsAreFoundInTheOrderThatIsPromised(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		env    map[string]string
		flag   string
		want   http.Header
		origin string
		notice string
	}{
		{
			name: "the token variable", env: map[string]string{EnvToken: "from-env"},
			want: http.Header{"Authorization": {"Bearer from-env"}}, origin: EnvToken,
		},
		{
			name: "the file variable, without the newline at the end", env: map[string]string{EnvTokenFile: file},
			want: http.Header{"Authorization": {"Bearer from-file"}}, origin: EnvTokenFile + " " + file,
		},
		{
			name: "the flag", flag: file,
			want: http.Header{"Authorization": {"Bearer from-file"}}, origin: "--api-token-file " + file,
		},
		{
			name: "the flag wins over the token variable", env: map[string]string{EnvToken: "from-env"}, flag: file,
			want: http.Header{"Authorization": {"Bearer from-file"}}, origin: "--api-token-file " + file,
			notice: "--api-token-file wins: CLOUDFLARE_API_TOKEN is set and not used",
		},
		{
			name: "the flag wins over both variables", env: map[string]string{EnvToken: "from-env", EnvTokenFile: "elsewhere"}, flag: file,
			want: http.Header{"Authorization": {"Bearer from-file"}}, origin: "--api-token-file " + file,
			notice: "--api-token-file wins: CLOUDFLARE_API_TOKEN and CLOUDFLARE_API_TOKEN_FILE are set and not used",
		},
		{
			name: "the token variable wins over the file variable", env: map[string]string{EnvToken: "from-env", EnvTokenFile: file},
			want: http.Header{"Authorization": {"Bearer from-env"}}, origin: EnvToken,
			notice: "CLOUDFLARE_API_TOKEN wins: CLOUDFLARE_API_TOKEN_FILE is set and not used",
		},
		{
			name: "an email address and a key", env: map[string]string{EnvEmail: "a@example.com", EnvKey: "k"},
			want: http.Header{"X-Auth-Email": {"a@example.com"}, "X-Auth-Key": {"k"}}, origin: EnvKey,
		},
		{
			name: "a token wins over an email address and a key", env: map[string]string{EnvToken: "t", EnvEmail: "a@example.com", EnvKey: "k"},
			want: http.Header{"Authorization": {"Bearer t"}}, origin: EnvToken,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadCredentials(func(name string) string { return test.env[name] }, test.flag)
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			got.set(header)
			if diff := cmp.Diff(test.want, header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if got.Origin() != test.origin || got.Notice() != test.notice {
				t.Errorf("origin %q, notice %q; want %q, %q", got.Origin(), got.Notice(), test.origin, test.notice)
			}
		})
	}
}

func TestBadCredentialsAreRefusedWithoutShowingThem(t *testing.T) {
	directory := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name  string
		env   map[string]string
		flag  string
		words []string
	}{
		{name: "none at all", words: []string{EnvToken, EnvTokenFile, tokenPage, PermissionList, PermissionWrite}},
		{name: "a key without an email address", env: map[string]string{EnvKey: secret}, words: []string{EnvEmail + " is not"}},
		{name: "an email address without a key", env: map[string]string{EnvEmail: "a@example.com"}, words: []string{EnvKey + " is not"}},
		{name: "a token with a newline at its end", env: map[string]string{EnvToken: secret + "\n"}, words: []string{EnvToken, "line break"}},
		{name: "a token with a newline in it", env: map[string]string{EnvToken: secret + "\nX-Evil: 1"}, words: []string{"line break"}},
		{name: "a token with a space", env: map[string]string{EnvToken: " " + secret}, words: []string{"a space"}},
		{name: "a token with its scheme", env: map[string]string{EnvToken: "Bearer " + secret}, words: []string{"without", "Bearer"}[1:]},
		{name: "a token with a tab", env: map[string]string{EnvToken: secret + "\t"}, words: []string{"a space"}},
		{name: "a token with a control character", env: map[string]string{EnvToken: secret + "\x00"}, words: []string{"control character"}},
		{name: "a token with a letter that no token has", env: map[string]string{EnvToken: secret + "é"}, words: []string{"no token has"}},
		{name: "a key with a newline", env: map[string]string{EnvEmail: "a@example.com", EnvKey: secret + "\n"}, words: []string{EnvKey, "line break"}},
		{name: "a file that is not there", flag: filepath.Join(directory, "absent"), words: []string{"--api-token-file", "absent"}},
		{name: "a file that is empty", flag: write("empty", "\n"), words: []string{"is empty"}},
		{name: "a file with two lines", flag: write("two", secret+"\n"+secret+"\n"), words: []string{"line break"}},
		{name: "a file that is something else", flag: write("large", strings.Repeat("x", maxTokenFile+1)), words: []string{"too large"}},
		{name: "a directory", env: map[string]string{EnvTokenFile: directory}, words: []string{EnvTokenFile}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ReadCredentials(func(name string) string { return test.env[name] }, test.flag)
			checkError(t, err, test.words...)
			if got != (Credentials{}) {
				t.Errorf("credentials were returned along with the error")
			}
		})
	}
}

func TestCredentialsNeverShowTheirSecrets(t *testing.T) {
	for _, credentials := range []Credentials{TokenCredentials(secret), KeyCredentials("a@example.com", secret)} {
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "c", credentials, "p", &credentials)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", credentials, "config", Config{Credentials: credentials})
		asJSON, err := json.Marshal(map[string]any{"c": credentials, "config": struct{ C *Credentials }{&credentials}})
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
			text := fmt.Sprintf(verb+" "+verb+" "+verb, credentials, &credentials, []Credentials{credentials})
			checkSilence(t, text)
			if strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", secret)) {
				t.Errorf("%s shows the secret in hexadecimal", verb)
			}
		}
		checkSilence(t, log.String()+string(asJSON)+fmt.Sprintf("%+v", Config{Credentials: credentials}))
		if !strings.Contains(string(asJSON), "API ") {
			t.Errorf("the JSON says nothing of use: %s", asJSON)
		}
	}
	if text := fmt.Sprint(Credentials{}); text != "no credentials" {
		t.Errorf("the zero value is %q", text)
	}
}

// KeyCredentials returns credentials of the older scheme.
func KeyCredentials(email, key string) Credentials {
	return Credentials{email: email, key: key, origin: "API key"}
}
