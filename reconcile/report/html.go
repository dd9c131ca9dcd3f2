package report

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
)

//go:embed page/page.html page/sheet.html page/page.css page/page.js
var pageFiles embed.FS

const (
	// mostHTMLRows is the most changes that the page holds. A browser sorts and
	// filters this many without a pause; a page of more is better a CSV.
	mostHTMLRows = 20_000
	// staticHTMLRows is how many of them are in the markup, so that the page is
	// of use where scripts do not run, as in the preview of a mail.
	staticHTMLRows = 200
)

// ContentSecurityPolicy is the policy that the HTML report carries in itself
// and that a server of such reports should send along: nothing may be loaded,
// and nothing runs but the report's own style and script.
func ContentSecurityPolicy() string {
	return "default-src 'none'; style-src '" + sourceHash("page/page.css") + "'; script-src '" + sourceHash("page/page.js") +
		"'; base-uri 'none'; form-action 'none'"
}

// sourceHash returns the hash of an embedded file as a policy names it.
func sourceHash(name string) string {
	sum := sha256.Sum256([]byte(pageFile(name)))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pageFile returns an embedded file. It is part of the program, so that it is
// there is checked by every test of the page.
func pageFile(name string) string {
	data, err := pageFiles.ReadFile(name)
	if err != nil {
		panic("report: " + err.Error())
	}
	return string(data)
}

// writeHTML writes the page: the markup up to the data, the rows one by one,
// and the script.
func writeHTML(out *bufio.Writer, view *View) error {
	pages, err := template.ParseFS(pageFiles, "page/page.html", "page/sheet.html")
	if err != nil {
		return err
	}
	page := newPage(view)
	if err := pages.ExecuteTemplate(out, "head", page); err != nil {
		return err
	}
	if err := page.writeRows(out); err != nil {
		return err
	}
	return pages.ExecuteTemplate(out, "tail", struct{ Script template.JS }{template.JS(pageFile("page/page.js"))})
}

// writeRows writes the data of the table as JSON in an element that does not
// run. The encoder writes <, > and & as escapes, so nothing in a name can end
// the element or begin another.
func (p *page) writeRows(out *bufio.Writer) error {
	if len(p.order) == 0 {
		return nil
	}
	separator := `<script type="application/json" id="data">[`
	for _, i := range p.order {
		_, _ = out.WriteString(separator)
		separator = ",\n"
		data, err := json.Marshal(p.tableRow(i).fields())
		if err != nil {
			return err
		}
		if _, err := out.Write(data); err != nil {
			return err
		}
	}
	_, err := out.WriteString("]</script>\n")
	return err
}
