package desired

import (
	"regexp"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/seatsync/seatsync/reconcile"
)

// userKeys are the keys of one entry under users.
var userKeys = []string{"email", "name", "access_seat", "gateway_seat", "until", "exempt", "id"}

func (p *fileParser) parseUsers(node *yaml.Node, name string) {
	if p.entries != nil {
		for _, part := range p.entries {
			p.problems = append(p.problems, part.problems...)
			p.unlisted += part.unlisted
			if p.users == nil {
				p.users = part.users
			} else {
				p.users = append(p.users, part.users...)
			}
			part.users = nil
		}
		return
	}
	if node.Kind == yaml.SequenceNode {
		p.users = make([]reconcile.DesiredUser, 0, len(node.Content))
	}
	p.items(node, name, p.addUser)
}

// addUser reads one entry. Where there are more problems than are listed nobody will
// look at the users, and they would only take memory.
func (p *fileParser) addUser(node *yaml.Node) {
	user := p.parseUser(node)
	if p.unlisted > 0 {
		p.users = nil
		return
	}
	p.users = append(p.users, user)
}

func (p *fileParser) parseUser(node *yaml.Node) reconcile.DesiredUser {
	user := reconcile.DesiredUser{File: p.file, Lines: reconcile.EntryLines{Entry: int32(node.Line)}}
	p.fields(node, "a user", userKeys, func(name string, value *yaml.Node) bool {
		line := int32(value.Line)
		switch name {
		case "email":
			user.Lines.EmailColumn, user.Lines.Email = int32(value.Column), line
			user.Email = p.parseEmail(value)
		case "name":
			user.Lines.Name = line
			user.Name, _ = p.text(value, "name")
		case "access_seat":
			user.Lines.AccessSeat = line
			user.AccessSeat = p.flag(value, "access_seat")
		case "gateway_seat":
			user.Lines.GatewaySeat = line
			user.GatewaySeat = p.flag(value, "gateway_seat")
		case "until":
			user.Lines.Until = line
			user.Until = p.parseDate(value, "until")
		case "exempt":
			user.Lines.Exempt, user.Lines.ExemptColumn = line, int32(value.Column)
			user.Exempt = p.parseExemption(value)
		case "id":
			user.ID = p.parseID(value)
		default:
			return false
		}
		return true
	})
	p.require(node, "email", "the user has no email: write one, it is the key")
	return user
}

func (p *fileParser) parseEmail(node *yaml.Node) string {
	text, ok := p.text(node, "email")
	if !ok {
		return ""
	}
	if err := checkEmail(text); err != nil {
		p.problem(node, "email: %v", err)
	}
	return text
}

func (p *fileParser) parseDate(node *yaml.Node, what string) reconcile.Date {
	text, ok := p.literal(node, what)
	if !ok {
		return reconcile.Date{}
	}
	date, err := reconcile.ParseDate(text)
	if err != nil {
		p.problem(node, "%s: %v", what, err)
	}
	return date
}

// idPattern keeps an id from changing the path of a request.
var idPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_-]{1,36}$`) })

func (p *fileParser) parseID(node *yaml.Node) string {
	text, ok := p.literal(node, "id")
	if ok && !idPattern().MatchString(text) {
		p.problem(node, "id: %q is not a user id: copy it from 'seatsync export'", text)
	}
	return text
}

// parseExemption reads an exemption. All four keys are required: an exemption
// that nobody owns, explains or ends stays for ever.
func (p *fileParser) parseExemption(node *yaml.Node) *reconcile.Exemption {
	exemption := &reconcile.Exemption{}
	problems := len(p.problems)
	keys := []key{
		{"from", into(&exemption.From, oneOf(&p.document, string(reconcile.Inactive)))},
		{"until", into(&exemption.Until, p.parseDate)},
		{"owner", into(&exemption.Owner, p.plainText)},
		{"reason", into(&exemption.Reason, p.plainText)},
	}
	p.mapping(node, "exempt", keys...)
	if len(p.problems) > problems || node.Kind != yaml.MappingNode {
		return nil
	}
	for _, key := range keys {
		p.require(node, key.name, "exempt: "+key.name+" is missing: an exemption says from which rule, until when, who owns it and why")
	}
	if len(p.problems) > problems {
		return nil
	}
	return exemption
}
