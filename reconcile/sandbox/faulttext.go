package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault in the form
//
//	TARGET:KIND[(NAME=VALUE,...)][:WHEN]
//
// TARGET is a method (GET, PATCH, PUT), an operation (users, devices, seats, rename, verify, registrations,
// organization, providers, subscriptions; devices is both listings below /devices; a method alone leaves the last
// three in peace), a part of the path that
// has a slash in it, a method and one of the others joined by @, or * for every request. KIND is one of the words that
// FaultHelp lists. WHEN is once, always (which is also meant when it is absent), every=N, after=N, times=N, or several
// of these joined by +. Examples:
//
//	PATCH:500:once
//	GET@users:short-page(drop=3):always
//	PUT:reset-after:every=3
//	devices:429(retry-after=2):after=1+times=2
func ParseFault(text string) (Fault, error) {
	fault, err := parseFault(text)
	if err == nil {
		err = fault.check()
	}
	if err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return fault, nil
}

func parseFault(text string) (fault Fault, err error) {
	target, rest, ok := strings.Cut(text, ":")
	if !ok {
		return fault, fmt.Errorf("no kind: write TARGET:KIND or TARGET:KIND:WHEN, as in PATCH:500:once")
	}
	if fault.Method, fault.Path, err = parseTarget(target); err != nil {
		return fault, err
	}
	kind, when := rest, ""
	if i := strings.IndexAny(rest, "(:"); i >= 0 {
		kind, when = rest[:i], rest[i:]
	}
	fault.Kind = Kind(kind)
	if _, ok := fault.Kind.info(); !ok {
		return fault, unknownKind(fault.Kind)
	}
	if parameters, ok := strings.CutPrefix(when, "("); ok {
		if parameters, when, ok = strings.Cut(parameters, ")"); !ok {
			return fault, fmt.Errorf("the parameters have no closing parenthesis")
		}
		for parameter := range strings.SplitSeq(parameters, ",") {
			if err := fault.parseParameter(parameter); err != nil {
				return fault, err
			}
		}
	}
	if when == "" {
		return fault, nil
	}
	when, ok = strings.CutPrefix(when, ":")
	if !ok {
		return fault, fmt.Errorf("%q after the parameters: write : and when", when)
	}
	fault.When, err = parseWhen(when)
	return fault, err
}

// methods are those the API knows.
func methods() []string { return []string{http.MethodGet, http.MethodPatch, http.MethodPut} }

func parseTarget(target string) (method, path string, err error) {
	if target == "" {
		return "", "", fmt.Errorf("no target: use * for every request")
	}
	method, path, joined := strings.Cut(target, "@")
	switch {
	case joined && path == "":
		return "", "", fmt.Errorf("nothing after @: name an operation or a part of the path")
	case !joined && (strings.Contains(target, "/") || slices.Contains(Operations(), Operation(target))):
		method, path = "", target
	}
	if method == "*" {
		method = ""
	}
	return method, path, nil
}

// parseParameter reads NAME=VALUE. Whether the kind takes it is for check to say.
func (f *Fault) parseParameter(text string) (err error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("parameter %q: write NAME=VALUE", text)
	}
	info, _ := f.Kind.info()
	if !slices.Contains(info.parameters, name) {
		if len(info.parameters) == 0 {
			return fmt.Errorf("parameter %q: %s takes none", name, f.Kind)
		}
		return fmt.Errorf("parameter %q: %s takes %s", name, f.Kind, words(info.parameters))
	}
	switch name {
	case "retry-after":
		f.RetryAfter, err = parseCount(value)
	case "drop":
		f.Drop, err = parseCount(value)
	case "by":
		if f.By, err = strconv.Atoi(value); err != nil || f.By == 0 {
			err = fmt.Errorf("%q is not a number other than 0", value)
		}
	case "delay":
		if f.Delay, err = time.ParseDuration(value); err != nil || f.Delay <= 0 {
			err = fmt.Errorf("%q is not a valid duration: write one as in 500ms", value)
		}
	case "offset":
		if f.Offset, err = time.ParseDuration(value); err != nil || f.Offset == 0 {
			err = fmt.Errorf("%q is not a valid duration other than 0: write one as in -10m", value)
		}
	case "to":
		f.To = value
	}
	if err != nil {
		return fmt.Errorf("parameter %s: %w", name, err)
	}
	return nil
}

func parseCount(text string) (int, error) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, fmt.Errorf("%q is not a whole number of at least 1", text)
	}
	return number, nil
}

func parseWhen(text string) (When, error) {
	var when When
	if text == "always" {
		return when, nil
	}
	for part := range strings.SplitSeq(text, "+") {
		if part == "once" {
			part = "times=1"
		}
		name, value, _ := strings.Cut(part, "=")
		target, ok := map[string]*int{"every": &when.Every, "after": &when.After, "times": &when.Times}[name]
		if !ok {
			return when, fmt.Errorf("unknown time %q: use once, always, every=N, after=N or times=N", part)
		}
		if *target != 0 {
			return when, fmt.Errorf("%s is said twice", name)
		}
		number, err := parseCount(value)
		if err != nil {
			return when, fmt.Errorf("%s: %w", name, err)
		}
		*target = number
	}
	return when, nil
}

// check returns what is wrong with a fault, however it was made.
func (f Fault) check() error {
	info, ok := f.Kind.info()
	switch {
	case !ok:
		return unknownKind(f.Kind)
	case f.Method != "" && !slices.Contains(methods(), f.Method):
		return fmt.Errorf("unknown target %q: use a method (%s), an operation (%s), a part of the path with a slash, or *",
			f.Method, words(methods()), words(Operations()))
	case f.Path != "" && !strings.Contains(f.Path, "/") && !slices.Contains(Operations(), Operation(f.Path)):
		return fmt.Errorf("unknown operation %q: use one of %s, or a part of the path with a slash", f.Path, words(Operations()))
	case strings.ContainsAny(f.Path, ":@"):
		return fmt.Errorf("path %q: no path has : or @ in it", f.Path)
	case f.RetryAfter < 0 || f.Delay < 0 || f.Drop < 0 || f.When.After < 0 || f.When.Every < 0 || f.When.Times < 0:
		return fmt.Errorf("a negative number makes no sense here")
	case len(info.operations) > 0 && slices.Contains(Operations(), Operation(f.Path)) && !slices.Contains(info.operations, Operation(f.Path)):
		return fmt.Errorf("%s cannot happen to %s: it can to %s", f.Kind, f.Path, words(info.operations))
	}
	if f.To != "" {
		if to, err := url.Parse(f.To); err != nil || to.Host == "" || strings.ContainsAny(f.To, ",()") {
			return fmt.Errorf("to: %q is not a valid URL: it needs a scheme and a host", f.To)
		}
	}
	return nil
}

func unknownKind(kind Kind) error {
	var all []Kind
	for _, info := range kinds() {
		all = append(all, info.kind)
	}
	return fmt.Errorf("unknown kind %q: use one of %s", kind, words(all))
}

// String writes the fault as ParseFault reads it.
func (f Fault) String() string {
	var text strings.Builder
	method := cmp.Or(f.Method, "*")
	switch {
	case f.Path == "":
		text.WriteString(method)
	case f.Method == "":
		text.WriteString(f.Path)
	default:
		text.WriteString(method + "@" + f.Path)
	}
	text.WriteString(":" + string(f.Kind))
	info, _ := f.Kind.info()
	var parameters []string
	for _, name := range info.parameters {
		switch {
		case name == "retry-after" && f.RetryAfter != 0:
			parameters = append(parameters, fmt.Sprintf("%s=%d", name, f.RetryAfter))
		case name == "delay" && f.Delay != 0:
			parameters = append(parameters, fmt.Sprintf("%s=%s", name, f.Delay))
		case name == "offset" && f.Offset != 0:
			parameters = append(parameters, fmt.Sprintf("%s=%s", name, f.Offset))
		case name == "to" && f.To != "":
			parameters = append(parameters, name+"="+f.To)
		case name == "drop" && f.Drop != 0:
			parameters = append(parameters, fmt.Sprintf("%s=%d", name, f.Drop))
		case name == "by" && f.By != 0:
			parameters = append(parameters, fmt.Sprintf("%s=%d", name, f.By))
		}
	}
	if len(parameters) > 0 {
		text.WriteString("(" + strings.Join(parameters, ",") + ")")
	}
	return text.String() + ":" + f.When.String()
}

// String writes the time as ParseFault reads it.
func (w When) String() string {
	var parts []string
	for _, part := range []struct {
		name  string
		value int
	}{{"after", w.After}, {"every", w.Every}, {"times", w.Times}} {
		switch {
		case part.value == 0:
		case part.name == "times" && part.value == 1:
			parts = append(parts, "once")
		default:
			parts = append(parts, fmt.Sprintf("%s=%d", part.name, part.value))
		}
	}
	if len(parts) == 0 {
		return "always"
	}
	return strings.Join(parts, "+")
}

// FaultHelp explains every kind on a line of its own, for the help of a command.
func FaultHelp() string {
	var text strings.Builder
	for _, info := range kinds() {
		fmt.Fprintf(&text, "%-14s %s\n", info.kind, info.about)
	}
	return text.String()
}
