package api

import (
	"encoding/json"
	"fmt"
	"io"
)

// Reference writes docs/ctl-api.md: the route table, for people.
func Reference(w io.Writer) error {
	if _, err := io.WriteString(w, referenceHead); err != nil {
		return err
	}
	for _, row := range routes() {
		if err := row.describe(w); err != nil {
			return err
		}
	}
	return nil
}

const referenceHead = `# The control API

<!-- Made by "make generate" from pbx/api. Do not edit. -->

A running Dialtone answers HTTP on the unix socket ` + "`" + SocketName + "`" + ` in its data
folder. Only the user that runs Dialtone (and root) can open it, so there is no
password. ` + "[`dialtone ctl`](ctl.md)" + ` uses nothing else:

` + "```sh" + `
curl --unix-socket dialtone-data/` + SocketName + ` http://dialtone/v1/status
` + "```" + `

Answers are JSON; times are RFC 3339. Where nothing is given back, the status is
204. A failure has a status of 400 or more and says why:

` + "```json" + `
{"error": {"code": "not_found", "message": "call \"64dcghd7bk6f\": not found"}}
` + "```" + `
`

func (row route) describe(w io.Writer) error {
	fmt.Fprintf(w, "\n## %s %s\n\n%s\n", row.method, row.path, row.sentence)
	if len(row.query) > 0 {
		fmt.Fprint(w, "\n| query | |\n|---|---|\n")
		for _, p := range row.query {
			fmt.Fprintf(w, "| `%s` | %s |\n", p.name, p.sentence)
		}
	}
	if err := showExample(w, "Takes", row.takes); err != nil {
		return err
	}
	title := "Gives"
	if row.lines {
		title = "Gives one object a line, without the line breaks shown here"
	}
	return showExample(w, title, row.gives)
}

func showExample(w io.Writer, title string, example any) error {
	if example == nil {
		return nil
	}
	data, err := json.MarshalIndent(example, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\n%s:\n\n```json\n%s\n```\n", title, data)
	return err
}
