package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/seatsync/seatsync/reconcile"
)

// masker replaces what names a person. Fields that hold nothing else are masked
// whole. In sentences, emails and UUIDs are found by their form, and names and
// other ids because the plan says what they are.
type masker struct {
	key []byte
	// phrases has what may not be shown wherever it occurs, by its first word.
	phrases map[string][]phrase
	// known has the texts of all phrases, each of which is needed once.
	known map[string]bool
}

// phrase is a text to look for and what stands in its place.
type phrase struct{ text, mask string }

// ownWord is a text to look for only in the sentences about one change: a name
// of a single word or a short id, which in other sentences may be just a word.
type ownWord struct {
	text string
	mask func(*masker, string) string
}

// maskLength is the number of hexadecimal digits of a mask: enough that two of
// a hundred thousand people do not share one.
const maskLength = 12

// learn collects the phrases of the plan.
func (m *masker) learn(plan *reconcile.Plan) {
	m.learnChanges(plan.Changes)
	if plan.Base != nil {
		m.learnChanges(plan.Base.GoneChanges)
	}
}

func (m *masker) learnChanges(changes []reconcile.Change) {
	for i := range changes {
		change := &changes[i]
		if change.Was != nil {
			m.learnChanges([]reconcile.Change{*change.Was})
		}
		m.addPhrase(change.Before.Name, m.name)
		m.addPhrase(change.After.Name, m.name)
		m.addID(change.UserID)
		m.addID(change.SeatUID)
		if !emailForm().MatchString(change.Email) {
			m.add(change.Email, m.email(change.Email))
		}
		if change.Exemption != nil {
			m.addPhrase(change.Exemption.Reason, func(string) string { return withheld })
			m.addPhrase(change.Exemption.Owner, m.owner)
		}
	}
}

// ownWords lists what a sentence about the change may name it by.
func ownWords(change *reconcile.Change) []ownWord {
	words := []ownWord{
		{change.Email, (*masker).email}, {change.UserID, (*masker).id}, {change.SeatUID, (*masker).id},
		{change.Before.Name, (*masker).name},
	}
	if change.After.Name != change.Before.Name {
		words = append(words, ownWord{change.After.Name, (*masker).name})
	}
	if change.Exemption != nil {
		words = append(words,
			ownWord{change.Exemption.Reason, func(*masker, string) string { return withheld }},
			ownWord{change.Exemption.Owner, (*masker).owner})
	}
	return words
}

// mask returns the mask for a text of a kind.
func (m *masker) mask(kind, text string) string {
	sum := hmac.New(sha256.New, m.key)
	_, _ = sum.Write([]byte(kind + "\x00" + text))
	return kind + "-" + hex.EncodeToString(sum.Sum(nil))[:maskLength]
}

// email masks an email, its domain included. The mask has the form of an email
// in a domain that no one can have.
func (m *masker) email(email string) string {
	if email == "" {
		return ""
	}
	return m.mask("user", reconcile.EmailKey(email)) + "@masked.invalid"
}

// name masks a name.
func (m *masker) name(name string) string {
	if name == "" {
		return ""
	}
	return m.mask("name", name)
}

// id masks a user id or a seat uid.
func (m *masker) id(id string) string {
	if id == "" {
		return ""
	}
	return m.mask("id", strings.ToLower(id))
}

// owner masks the owner of an exemption, who may be an email or a name.
func (m *masker) owner(owner string) string {
	if strings.Contains(owner, "@") {
		return m.email(owner)
	}
	return m.name(owner)
}

// path masks emails and ids in the name of a file and leaves the rest, by which
// a line is found.
func (m *masker) path(path string) string { return m.byForm(path) }

// addPhrase adds a text of several words, as it is and as messages quote it.
func (m *masker) addPhrase(text string, mask func(string) string) {
	if !strings.ContainsFunc(strings.TrimSpace(text), unicode.IsSpace) {
		return
	}
	for _, form := range spellings(text) {
		m.add(form, mask(text))
	}
}

// shortestID is the length from which an id cannot well be anything else.
const shortestID = 8

// addID adds an id that does not have the form of a UUID.
func (m *masker) addID(id string) {
	if len(id) >= shortestID && len(uuidForm().FindString(id)) != len(id) {
		m.add(id, m.id(id))
	}
}

func (m *masker) add(text, mask string) {
	first, _ := firstWord(text)
	if first != "" && !m.known[text] {
		m.known[text] = true
		m.phrases[first] = append(m.phrases[first], phrase{text, mask})
	}
}

// longestSpelled is how much of a long text has to occur for it to be found:
// messages may have cut the rest off.
const longestSpelled = 40

// spellings returns the ways in which messages write a text.
func spellings(text string) []string {
	if utf8.RuneCountInString(text) > longestSpelled {
		text = string([]rune(text)[:longestSpelled])
	}
	forms := []string{text}
	for _, form := range [...]string{strings.Trim(strconv.Quote(text), `"`), strings.Trim(strconv.QuoteToASCII(text), `"`), value(text)} {
		if form != text {
			forms = append(forms, form)
		}
	}
	return forms
}

var (
	emailForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`[^\s"'<>(),;:\[\]\\/=?&%]+(@|%40)[\pL\pN][\pL\pN.-]*[\pL\pN]`)
	})
	uuidForm = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	})
	// idForm is how findings name a user whom no change is about.
	idForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b(id|seat) ([^\s,:;]*[0-9][^\s,:;]*)`) })
)

// byForm masks what looks like an email or a UUID.
func (m *masker) byForm(text string) string {
	text = emailForm().ReplaceAllStringFunc(text, func(found string) string {
		return m.email(strings.Replace(found, "%40", "@", 1))
	})
	return uuidForm().ReplaceAllStringFunc(text, m.id)
}

// text masks whatever names a person in a sentence.
func (m *masker) text(text string, own []ownWord) string {
	if text == "" {
		return ""
	}
	text = m.replacePhrases(m.byForm(text))
	for _, word := range own {
		if word.text == "" || strings.ContainsFunc(strings.TrimSpace(word.text), unicode.IsSpace) {
			continue // several words are phrases, which are masked everywhere
		}
		for _, form := range spellings(word.text) {
			text = replaceWord(text, form, word.mask(m, word.text))
		}
	}
	return idForm().ReplaceAllStringFunc(text, func(found string) string {
		label, id, _ := strings.Cut(found, " ")
		if strings.HasPrefix(id, "id-") && len(id) == len("id-")+maskLength {
			return found
		}
		return label + " " + m.id(id)
	})
}

// replacePhrases replaces the phrases of the plan, without regard to case. At
// each word the longest phrase wins.
func (m *masker) replacePhrases(text string) string {
	if len(m.phrases) == 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		first, lead := firstWord(text)
		b.WriteString(text[:lead])
		text = text[lead:]
		if first == "" {
			break
		}
		best, length := "", 0
		for _, phrase := range m.phrases[first] {
			_, skip := firstWord(phrase.text)
			if n := foldedPrefix(text, phrase.text[skip:]); n > length {
				best, length = phrase.mask, n
			}
		}
		if length == 0 {
			length = wordLength(text)
			best = text[:length]
		}
		b.WriteString(best)
		text = text[length:]
	}
	b.WriteString(text)
	return b.String()
}

// firstWord returns the first run of letters and digits in lower case, and
// where it starts.
func firstWord(text string) (word string, start int) {
	start = strings.IndexFunc(text, isWordRune)
	if start < 0 {
		return "", len(text)
	}
	return strings.ToLower(text[start : start+wordLength(text[start:])]), start
}

// wordLength returns the length of the run of letters and digits that text
// starts with.
func wordLength(text string) int {
	if end := strings.IndexFunc(text, func(r rune) bool { return !isWordRune(r) }); end >= 0 {
		return end
	}
	return len(text)
}

func isWordRune(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.M) }

// foldedPrefix returns the length of the prefix of text that equals phrase but
// for case, or 0.
func foldedPrefix(text, phrase string) int {
	end := 0
	for range utf8.RuneCountInString(phrase) {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	if !strings.EqualFold(text[:end], phrase) {
		return 0
	}
	return end
}

// replaceWord replaces text where it stands as a word of its own.
func replaceWord(text, word, mask string) string {
	var b strings.Builder
	for {
		at := strings.Index(text, word)
		if at < 0 || word == "" {
			b.WriteString(text)
			return b.String()
		}
		end := at + len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		b.WriteString(text[:at])
		if at > 0 && isWordRune(before) || end < len(text) && isWordRune(after) {
			b.WriteString(word)
		} else {
			b.WriteString(mask)
		}
		text = text[end:]
	}
}
