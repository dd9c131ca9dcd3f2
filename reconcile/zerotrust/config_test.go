package zerotrust

import (
	"testing"
	"time"
)

func TestABadConfigurationIsRefused(t *testing.T) {
	good := Config{AccountID: account, Credentials: TokenCredentials(secret)}
	tests := []struct {
		name   string
		change func(*Config)
		words  []string
	}{
		{"plain http to another machine", func(c *Config) { c.BaseURL = "http://api.example.com/client/v4" }, []string{"base URL", "plain http", "api.example.com", "https"}},
		{"plain http to a name that begins like this machine's", func(c *Config) { c.BaseURL = "http://localhost.example.com" }, []string{"plain http"}},
		{"plain http to an address that is no loopback", func(c *Config) { c.BaseURL = "http://10.0.0.1" }, []string{"plain http"}},
		{"another scheme", func(c *Config) { c.BaseURL = "ftp://api.example.com" }, []string{"scheme", "https"}},
		{"no scheme", func(c *Config) { c.BaseURL = "api.example.com/client/v4" }, []string{"base URL", DefaultBaseURL}},
		{"no host", func(c *Config) { c.BaseURL = "https:///client/v4" }, []string{"host"}},
		{"a password in the URL", func(c *Config) { c.BaseURL = "https://user:" + secret + "@api.example.com" }, []string{"password", EnvToken}},
		{"a URL that cannot be parsed", func(c *Config) { c.BaseURL = "https://user:" + secret + "@[::1" }, []string{"not a URL"}},
		{"a query", func(c *Config) { c.BaseURL = "https://api.example.com?x=" + secret }, []string{"query"}},
		{"an empty query", func(c *Config) { c.BaseURL = "https://api.example.com?" }, []string{"query"}},
		{"a fragment", func(c *Config) { c.BaseURL = "https://api.example.com#x" }, []string{"fragment"}},
		{"no account", func(c *Config) { c.AccountID = "" }, []string{"CLOUDFLARE_ACCOUNT_ID"}},
		{"an account with a slash", func(c *Config) { c.AccountID = "a/b" }, []string{"a/b", "account id"}},
		{"no credentials", func(c *Config) { c.Credentials = Credentials{} }, []string{EnvToken}},
		{"a token with a newline", func(c *Config) { c.Credentials = TokenCredentials(secret + "\n") }, []string{"line break"}},
		{"a key without an email address", func(c *Config) { c.Credentials = KeyCredentials("", secret) }, []string{"belong together"}},
		{"a user agent with a newline", func(c *Config) { c.UserAgent = "a\r\nX: y" }, []string{"user agent", "line break"}},
		{"negative concurrency", func(c *Config) { c.Concurrency = -1 }, []string{"concurrency -1"}},
		{"too much concurrency", func(c *Config) { c.Concurrency = 1000 }, []string{"concurrency 1000"}},
		{"a negative page size", func(c *Config) { c.PageSize = -1 }, []string{"page size"}},
		{"a negative timeout", func(c *Config) { c.RequestTimeout = -time.Second }, []string{"request timeout"}},
		{"a negative share", func(c *Config) { c.QuotaShare = -1 }, []string{"quota share"}},
		{"more than all of the quota", func(c *Config) { c.QuotaShare = 101 }, []string{"quota share 101%"}},
		{
			"several problems at once",
			func(c *Config) { c.AccountID, c.BaseURL, c.Credentials = "", "ftp://x", Credentials{} },
			[]string{"CLOUDFLARE_ACCOUNT_ID", "base URL", EnvToken},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := good
			test.change(&config)
			connection, err := Connect(config)
			checkError(t, err, test.words...)
			if connection != nil {
				t.Error("there is a connection along with the error")
			}
		})
	}
}

func TestAGoodConfigurationIsAccepted(t *testing.T) {
	for _, base := range []string{
		"", DefaultBaseURL, "https://api.example.com", "https://api.example.com:8443/client/v4/",
		"http://localhost:8787/client/v4", "http://127.0.0.1:1", "http://127.8.9.10", "http://[::1]:80/x", "HTTPS://api.example.com",
	} {
		connection, err := Connect(Config{BaseURL: base, AccountID: account, Credentials: TokenCredentials(secret), Retries: -1})
		if err != nil {
			t.Errorf("%q: %v", base, err)
			continue
		}
		connection.Close()
		connection.Close() // which may be repeated
	}
}
