package reconcile

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// EmailKey returns the form in which emails are compared: without regard to case,
// to how accents are encoded, to surrounding space, and to how the host is written,
// which may be in Unicode or as xn--…, and may end in a dot. Accents separate people,
// and so do characters that cannot be seen; see [LookalikeKey].
func EmailKey(email string) string {
	if isOwnKey(email) {
		return email // as nearly all are
	}
	email = strings.TrimSpace(email)
	if isPlainASCII(email) && !strings.HasSuffix(email, ".") {
		if lower := strings.ToLower(email); !strings.Contains(lower, "xn--") {
			return lower
		}
	}
	at := strings.LastIndexByte(email, '@') + 1 // a pattern may have none, and is then a host
	return fold(norm.NFC, email[:at]) + hostKey(email[at:])
}

// isOwnKey reports whether a text is written as keys are: in small letters, digits and
// signs of ASCII, on a host that is not encoded and does not end in a dot.
func isOwnKey(email string) bool {
	for i := range len(email) {
		if c := email[i]; c <= ' ' || c >= 0x7f || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return !strings.HasSuffix(email, ".") && !strings.Contains(email, "xn--")
}

// LookalikeKey returns a form in which texts are equal that differ in nothing that
// can be seen: it is without characters that cannot be seen and without inner space,
// and letters of other widths and ligatures are plain letters. Whose [EmailKey] differs
// and whose LookalikeKey does not may be one person, or two.
func LookalikeKey(email string) string {
	if isOwnKey(email) {
		return email
	}
	key := EmailKey(email)
	if isPlainASCII(key) && !strings.Contains(key, " ") {
		return key
	}
	visible := strings.Map(func(r rune) rune {
		if IsInvisible(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(key))
	return EmailKey(fold(norm.NFKC, visible))
}

// IsInvisible reports whether a character is not shown at all, so that a text looks
// the same with and without it.
func IsInvisible(r rune) bool {
	if r >= ' ' && r < 0x7f {
		return false // as nearly all are
	}
	switch r {
	case '\u034f', '\u115f', '\u1160', '\u17b4', '\u17b5', '\u3164', '\uffa0':
		return true
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r)
}

// isPlainASCII reports whether a text has nothing but ASCII that can be seen.
func isPlainASCII(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// fold makes texts equal that differ in case or encoding alone. Folding may compose
// what was apart, and that may fold again.
func fold(form norm.Form, text string) string {
	return form.String(foldCase(form.String(foldCase(norm.NFD.String(text)))))
}

// foldCase is the full case folding of Unicode for texts whose accents stand apart.
// golang.org/x/text/cases would do it too, with tables for every language.
func foldCase(text string) string {
	return longFoldings.Replace(strings.Map(func(r rune) rune {
		if unicode.SimpleFold(r) == r {
			return r
		}
		first := r // of all that are the same letter
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			first = min(first, other)
		}
		return unicode.ToLower(unicode.ToUpper(first))
	}, text))
}

// longFoldings are the letters that fold to several.
var longFoldings = strings.NewReplacer(
	"\u00df", "ss", "\u0149", "\u02bcn", "\u1e9a", "a\u02be", "\u0587", "\u0565\u0582",
	"\ufb00", "ff", "\ufb01", "fi", "\ufb02", "fl", "\ufb03", "ffi", "\ufb04", "ffl", "\ufb05", "st", "\ufb06", "st",
	"\ufb13", "\u0574\u0576", "\ufb14", "\u0574\u0565", "\ufb15", "\u0574\u056b", "\ufb16", "\u057e\u0576", "\ufb17", "\u0574\u056d",
)

// hostKey is the form in which hosts are compared, as IDNA does it: letters of other
// widths are plain, several signs are dots, and xn--… is what it stands for.
func hostKey(host string) string {
	host = strings.ReplaceAll(fold(norm.NFKC, host), "\u3002", ".")
	if strings.Contains(host, "xn--") {
		labels := strings.Split(host, ".")
		for i, label := range labels {
			if encoded, ok := strings.CutPrefix(label, "xn--"); ok {
				if decoded, ok := decodePunycode(encoded); ok {
					labels[i] = fold(norm.NFKC, decoded)
				}
			}
		}
		host = strings.Join(labels, ".")
	}
	return strings.TrimRightFunc(host, func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
}

// The parameters of Punycode for host names, RFC 3492, section 5.
const (
	punycodeBase, punycodeMin, punycodeMax   = 36, 1, 26
	punycodeSkew, punycodeDamp, punycodeBias = 38, 700, 72
)

// longestLabel is more than DNS has room for.
const longestLabel = 255

// decodePunycode decodes a label without its xn--, and reports whether it stands for
// a text that has to be encoded. It is RFC 3492, section 6.2: golang.org/x/net/idna
// would do it too, with tables for what is not needed here.
func decodePunycode(encoded string) (string, bool) {
	var decoded []rune
	if last := strings.LastIndexByte(encoded, '-'); last > 0 {
		decoded, encoded = []rune(encoded[:last]), encoded[last+1:]
	}
	if encoded == "" || len(encoded) > longestLabel {
		return "", false
	}
	position, bias, next := 0, punycodeBias, rune(utf8.RuneSelf)
	for len(encoded) > 0 {
		start, weight := position, 1
		for k := punycodeBase; ; k += punycodeBase {
			digit := -1
			if encoded != "" {
				digit = strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", encoded[0])
			}
			if digit < 0 || digit > (utf8.MaxRune<<8)/weight {
				return "", false
			}
			encoded = encoded[1:]
			position += digit * weight
			threshold := min(max(k-bias, punycodeMin), punycodeMax)
			if digit < threshold {
				break
			}
			weight *= punycodeBase - threshold
		}
		count := len(decoded) + 1
		bias = adaptBias(position-start, count, start == 0)
		if next += rune(position / count); !utf8.ValidRune(next) {
			return "", false
		}
		position %= count
		decoded = append(decoded[:position], append([]rune{next}, decoded[position:]...)...)
		position++
	}
	return string(decoded), true
}

// adaptBias is RFC 3492, section 6.1.
func adaptBias(delta, count int, isFirst bool) int {
	delta /= 2
	if isFirst {
		delta = delta * 2 / punycodeDamp
	}
	delta += delta / count
	k := 0
	for ; delta > (punycodeBase-punycodeMin)*punycodeMax/2; k += punycodeBase {
		delta /= punycodeBase - punycodeMin
	}
	return k + (punycodeBase-punycodeMin+1)*delta/(delta+punycodeSkew)
}
