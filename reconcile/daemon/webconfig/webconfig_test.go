package webconfig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/seatsync/seatsync/reconcile/daemon/webconfig"
)

// stand is a server whose file is in a directory.
type stand struct{ directory, address string }

// serve serves "hello" at every path but /healthz, which answers without a password.
func serve(t *testing.T, directory, file string) *stand {
	t.Helper()
	path := filepath.Join(directory, "web.yaml")
	write(t, path, file)
	if err := webconfig.Validate(path); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "hello "+r.Proto) }),
	}
	ended := make(chan error, 1)
	go func() { ended <- webconfig.Serve(listener, server, path, slog.New(slog.DiscardHandler), "/healthz") }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return &stand{directory, listener.Addr().String()}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// get returns the status and the body, or what went wrong before there was one.
func get(t *testing.T, client *http.Client, url, user, password string) (int, string, http.Header, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth(user, password)
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), response.Header, err
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestUsersAndOpenPaths(t *testing.T) {
	s := serve(t, t.TempDir(), "basic_auth_users: {ada: "+hashOf(t, "secret")+"}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n")
	client := &http.Client{Transport: &http.Transport{}}
	for name, c := range map[string]struct {
		path, user, password string
		want                 int
	}{
		"the right password":             {"/", "ada", "secret", 200},
		"the right password again":       {"/", "ada", "secret", 200},
		"a wrong password":               {"/", "ada", "Secret", 401},
		"somebody unknown":               {"/", "eve", "secret", 401},
		"nobody":                         {"/", "", "", 401},
		"a probe needs none":             {"/healthz", "", "", 200},
		"a path below a probe":           {"/healthz/x", "", "", 401},
		"a path that ends like a probe":  {"/x/../healthz", "", "", 401},
		"a path that looks like a probe": {"//healthz", "", "", 401},
	} {
		status, _, header, err := get(t, client, "http://"+s.address+c.path, c.user, c.password)
		if err != nil || status != c.want || header.Get("X-Frame-Options") != "deny" {
			t.Errorf("%s: %d %v %v, want %d", name, status, header, err, c.want)
		}
	}
	write(t, filepath.Join(s.directory, "web.yaml"), "basic_auth_users: {ada: "+hashOf(t, "changed")+"}\n")
	for password, want := range map[string]int{"secret": 401, "changed": 200} {
		if status, _, _, err := get(t, client, "http://"+s.address, "ada", password); status != want {
			t.Errorf("after the change, %q: %d %v, want %d", password, status, err, want)
		}
	}
	write(t, filepath.Join(s.directory, "web.yaml"), "basic_auth_users: [")
	if status, body, _, err := get(t, client, "http://"+s.address, "ada", "changed"); status != 500 || strings.Contains(body, "hello") {
		t.Errorf("with a broken file: %d %q %v, want 500", status, body, err)
	}
}

func TestTheLimitOfRequests(t *testing.T) {
	s := serve(t, t.TempDir(), "rate_limit: {burst: 2, interval: 1h}\n")
	for i, want := range []int{200, 200, 429} {
		if status, _, _, err := get(t, http.DefaultClient, "http://"+s.address, "", ""); status != want {
			t.Errorf("request %d: %d %v, want %d", i+1, status, err, want)
		}
	}
}

// issue makes a certificate and its key, as PEM; signed by the authority, or by itself without one.
func issue(t *testing.T, name string, authority *tls.Certificate) (certificate, key string, pair tls.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: authority == nil, BasicConstraintsValid: true,
	}
	parent, signer := template, any(private)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &private.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	pair, err = tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key, pair
}

// over is a client that trusts an authority, shows certificates, and speaks HTTP/2 where it may.
func over(authority string, shown ...tls.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(authority))
	return &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: shown}}}
}

func TestTLS(t *testing.T) {
	directory := t.TempDir()
	ca, _, authority := issue(t, "authority", nil)
	certificate, key, _ := issue(t, "server", &authority)
	_, _, ada := issue(t, "ada.example.com", &authority)
	_, _, eve := issue(t, "eve.example.com", &authority)
	_, _, stranger := issue(t, "ada.example.com", nil)
	write(t, filepath.Join(directory, "cert.pem"), certificate)
	write(t, filepath.Join(directory, "key.pem"), key)
	write(t, filepath.Join(directory, "ca.pem"), ca)

	const files = "cert_file: cert.pem, key_file: key.pem"
	t.Run("with HTTP/2, and again with a new certificate without a restart", func(t *testing.T) {
		s := serve(t, directory, "tls_server_config: {"+files+"}\n")
		if status, body, _, err := get(t, over(ca), "https://"+s.address, "", ""); status != 200 || body != "hello HTTP/2.0" {
			t.Errorf("%d %q %v, want HTTP/2", status, body, err)
		}
		other, _, next := issue(t, "next", nil)
		renewed, renewedKey, _ := issue(t, "server", &next)
		write(t, filepath.Join(directory, "cert.pem"), renewed)
		write(t, filepath.Join(directory, "key.pem"), renewedKey)
		if status, _, _, err := get(t, over(other), "https://"+s.address, "", ""); status != 200 {
			t.Errorf("%d %v with the new certificate", status, err)
		}
		write(t, filepath.Join(directory, "cert.pem"), certificate)
		write(t, filepath.Join(directory, "key.pem"), key)
	})
	t.Run("without HTTP/2 and with TLS 1.3 alone", func(t *testing.T) {
		s := serve(t, directory, "tls_server_config: {"+files+", min_version: TLS13}\nhttp_server_config: {http2: false}\n")
		client := over(ca)
		if status, body, _, err := get(t, client, "https://"+s.address, "", ""); status != 200 || body != "hello HTTP/1.1" {
			t.Errorf("%d %q %v, want HTTP/1.1", status, body, err)
		}
		client.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS12
		if _, body, _, err := get(t, client, "https://"+s.address, "", ""); err == nil {
			t.Errorf("TLS 1.2 got %q", body)
		}
	})
	t.Run("for clients with a certificate that has a name", func(t *testing.T) {
		s := serve(t, directory, "tls_server_config: {"+files+", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, client_allowed_sans: [ada.example.com]}\n")
		for name, c := range map[string]struct {
			shown []tls.Certificate
			want  int
		}{"Ada": {[]tls.Certificate{ada}, 200}, "Eve": {[]tls.Certificate{eve}, 0}, "a stranger": {[]tls.Certificate{stranger}, 0}, "nobody": {nil, 0}} {
			if status, _, _, err := get(t, over(ca, c.shown...), "https://"+s.address, "", ""); status != c.want {
				t.Errorf("%s: %d %v, want %d", name, status, err, c.want)
			}
		}
	})
}

func TestWhatIsWrongWithAFile(t *testing.T) {
	directory := t.TempDir()
	certificate, key, _ := issue(t, "server", nil)
	write(t, filepath.Join(directory, "cert.pem"), certificate)
	write(t, filepath.Join(directory, "key.pem"), key)
	const files = "tls_server_config: {cert_file: cert.pem, key_file: key.pem"
	for name, c := range map[string]struct{ file, want string }{
		"an unknown key":                    {"tls: yes\n", "field tls not found"},
		"a password in the clear":           {"basic_auth_users: {ada: secret}\n", `the password of "ada" is not a bcrypt hash`},
		"a certificate without its key":     {"tls_server_config: {cert_file: cert.pem}\n", "key_file or key"},
		"a file that is not there":          {"tls_server_config: {cert_file: x.pem, key_file: key.pem}\n", "x.pem"},
		"a version that there never was":    {files + ", min_version: TLS14}\n", `no TLS version "TLS14"`},
		"a cipher suite that is not secure": {files + ", cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}\n", "TLS_RSA_WITH_RC4_128_SHA"},
		"an unknown curve":                  {files + ", curve_preferences: [P256]}\n", `no curve "P256"`},
		"an unknown client_auth_type":       {files + ", client_auth_type: Always}\n", `no client_auth_type "Always"`},
		"an authority that nobody asks":     {files + ", client_ca_file: cert.pem}\n", "needs a client_auth_type"},
		"an authority without certificates": {files + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: key.pem}\n", "holds no certificates"},
		"a header that is not of safety":    {"http_server_config: {headers: {Server: x}}\n", `"Server" cannot be configured`},
		"a value that a header has not":     {"http_server_config: {headers: {X-Frame-Options: allow}}\n", "deny, sameorigin"},
	} {
		path := filepath.Join(directory, "web.yaml")
		write(t, path, c.file)
		if err := webconfig.Validate(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
	}
	for name, file := range map[string]string{
		"an empty file":           "",
		"every algorithm by name": files + ", min_version: TLS12, max_version: TLS13, cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256], curve_preferences: [X25519, CurveP256], prefer_server_cipher_suites: true}\n",
	} {
		path := filepath.Join(directory, "web.yaml")
		write(t, path, file)
		if err := webconfig.Validate(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
