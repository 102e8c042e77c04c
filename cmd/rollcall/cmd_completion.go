package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" name:"shell" help:"bash, zsh or fish."`
}

// Help is the manual's text.
func (completionCmd) Help() string {
	return `Prints a script that completes commands and flags.

Examples:

    rollcall completion bash > /etc/bash_completion.d/rollcall
    rollcall completion zsh > "${fpath[1]}/_rollcall"
    rollcall completion fish > ~/.config/fish/completions/rollcall.fish`
}

// Run carries the command out.
func (c *completionCmd) Run(p *program) error {
	nodes := commandsOf(p.parser.Model.Node)
	var b strings.Builder
	switch c.Shell {
	case "bash":
		bashCompletion(&b, nodes)
	case "zsh":
		// zsh runs bash's completion functions.
		b.WriteString("#compdef rollcall\nautoload -U +X bashcompinit && bashcompinit\n")
		bashCompletion(&b, nodes)
	default:
		fishCompletion(&b, nodes)
	}
	_, err := p.out.Write([]byte(b.String()))
	return err
}

// commandsOf returns the program and all its commands that are not hidden,
// parents first.
func commandsOf(root *kong.Node) []*kong.Node {
	nodes := []*kong.Node{root}
	for _, child := range root.Children {
		if !child.Hidden {
			nodes = append(nodes, commandsOf(child)...)
		}
	}
	return nodes
}

// words are what may follow a command: its subcommands and flags, and the
// choices of its arguments.
func words(n *kong.Node) []string {
	var list []string
	for _, child := range n.Children {
		if !child.Hidden {
			list = append(list, child.Name)
		}
	}
	for _, argument := range n.Positional {
		if argument.Enum != "" {
			list = append(list, argument.EnumSlice()...)
		}
	}
	for _, flags := range n.AllFlags(true) {
		for _, f := range flags {
			list = append(list, "--"+f.Name)
		}
	}
	return list
}

func bashCompletion(b *strings.Builder, nodes []*kong.Node) {
	b.WriteString(`_rollcall() {
    COMPREPLY=()
    local word command="" current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$command $word" in
`)
	for _, n := range nodes[1:] {
		path := strings.TrimPrefix(n.FullPath(), "rollcall")
		parent, name := "", path
		if at := strings.LastIndex(path, " "); at > 0 {
			parent, name = path[:at], path[at:]
		}
		fmt.Fprintf(b, "        %q) command=%q ;;\n", parent+name, path)
	}
	b.WriteString(`        esac
    done
    case "$command $previous" in
`)
	for _, n := range nodes {
		bashValues(b, n)
	}
	b.WriteString(`    esac
    local words=""
    case "$command" in
`)
	for _, n := range nodes {
		files := ""
		if slices.ContainsFunc(n.Positional, func(a *kong.Positional) bool { return a.Name == "file" || a.Name == "plan" }) {
			files = ` COMPREPLY=($(compgen -f -- "$current"))`
		}
		fmt.Fprintf(b, "    %q) words=%q%s ;;\n", strings.TrimPrefix(n.FullPath(), "rollcall"), strings.Join(words(n), " "), files)
	}
	b.WriteString(`    esac
    COMPREPLY+=($(compgen -W "$words" -- "$current"))
}
complete -F _rollcall rollcall
`)
}

// bashValues completes what follows the flags of a command: files, and choices.
func bashValues(b *strings.Builder, n *kong.Node) {
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			generate := fmt.Sprintf(`compgen -W %q`, strings.TrimSpace(strings.Join(f.EnumSlice(), " ")))
			switch {
			case f.PlaceHolder == "FILE" || f.PlaceHolder == "DIR":
				generate = "compgen -f"
			case f.Enum == "":
				continue
			}
			path := strings.TrimPrefix(n.FullPath(), "rollcall")
			names := fmt.Sprintf("%q", path+" --"+f.Name)
			if f.Short != 0 {
				names += fmt.Sprintf("|%q", path+" -"+string(f.Short))
			}
			fmt.Fprintf(b, "    %s) COMPREPLY=($(%s -- \"$current\")); return ;;\n", names, generate)
		}
	}
}

func fishCompletion(b *strings.Builder, nodes []*kong.Node) {
	for _, n := range nodes {
		seen := "__fish_use_subcommand"
		if n.Parent != nil {
			seen = "__fish_seen_subcommand_from " + n.Name
		}
		for _, child := range n.Children {
			fmt.Fprintf(b, "complete -c rollcall -f -n %s -a %s -d %s\n", fishQuote(seen), child.Name, fishQuote(child.Help))
		}
		for _, f := range n.Flags {
			fmt.Fprintf(b, "complete -c rollcall -l %s", f.Name)
			if n.Parent != nil {
				fmt.Fprintf(b, " -n %s", fishQuote(seen))
			}
			if f.Short != 0 {
				fmt.Fprintf(b, " -s %c", f.Short)
			}
			if !f.IsBool() {
				b.WriteString(" -r")
			}
			fmt.Fprintf(b, " -d %s\n", fishQuote(f.Help))
		}
	}
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
