package cli

import (
	"context"
	"fmt"
	"strings"

	"resilab/labs/lab"
)

// shells are those that completion writes for.
func shells() []string { return []string{"bash", "zsh", "fish"} }

// runCompletion prints the completion of a shell.
func runCompletion(_ context.Context, c *call) error {
	allowed := strings.Join(shells(), "|")
	if len(c.in.args) == 0 {
		return usageError{&wordedError{key: "cli.error.noshell", args: []any{allowed}}}
	}
	if err := c.in.atMostArgs(1); err != nil {
		return err
	}
	all := c.set.syntaxes()
	switch name := c.in.args[0]; name {
	case "bash":
		return c.out.print(bashCompletion(all))
	case "zsh":
		return c.out.print(zshCompletion(all))
	case "fish":
		return c.out.print(fishCompletion(c.set, all))
	default:
		return usageError{&wordedError{key: "cli.error.shell", args: []any{name, allowed}}}
	}
}

// quoted puts a word in the single quotes of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fishQuoted puts a word in the single quotes of fish, which has escapes inside.
func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// cases writes a shell function that prints what goes with its argument.
func cases(b *strings.Builder, name string, all []syntax, of func(syntax) string) {
	fmt.Fprintf(b, "%s() {\n  case \"$1\" in\n", name)
	for _, x := range all {
		if words := of(x); words != "" {
			fmt.Fprintf(b, "  %s) echo %s ;;\n", quoted(x.at()), quoted(words))
		}
	}
	b.WriteString("  esac\n}\n")
}

func wordList(x syntax) string {
	var words []string
	for _, w := range x.words {
		words = append(words, w.word)
	}
	return strings.Join(words, " ")
}

func flagList(x syntax) string {
	words := []string{"--help"}
	for _, k := range x.flags {
		words = append(words, "--"+k.ID)
	}
	return strings.Join(words, " ")
}

// valueCases writes the shell function that prints the words which a flag takes:
// "@file" for text, "@none" for a number. It fails for a switch and an unknown flag.
func valueCases(b *strings.Builder, all []syntax) {
	b.WriteString("_resilab_values() {\n  case \"$1:$2\" in\n")
	for _, x := range all {
		for _, k := range x.flags {
			words, file, free := flagValues(k)
			list := strings.Join(words, " ")
			switch {
			case k.Kind == lab.Bool:
				continue // it stands alone
			case file:
				list = "@file"
			case free:
				list = "@none"
			}
			fmt.Fprintf(b, "  %s) echo %s ;;\n", quoted(x.at()+":--"+k.ID), quoted(list))
		}
	}
	b.WriteString("  *) return 1 ;;\n  esac\n}\n")
}

// bashCompletion is for bash 3.2 and later.
func bashCompletion(all []syntax) string {
	var b strings.Builder
	b.WriteString("# Completion of resilab for bash: source <(resilab completion bash)\n")
	cases(&b, "_resilab_words", all, wordList)
	cases(&b, "_resilab_flags", all, flagList)
	valueCases(&b, all)
	b.WriteString(`_resilab() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='' word i list
  COMPREPLY=()
  # --flag=value comes as three words
  if [[ $cur == = ]]; then cur=''
  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ " $(_resilab_words "$at") " == *" $word "* ]]; then at="${at:+$at }$word"; fi
  done
  if [[ $cur == -* ]]; then
    list=$(_resilab_flags "$at")
  elif [[ $prev == --* ]] && list=$(_resilab_values "$at" "$prev"); then
    case $list in
    @file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    @none) return ;;
    esac
  else
    list=$(_resilab_words "$at")
    if [[ -z $list ]]; then COMPREPLY=($(compgen -f -- "$cur")); return; fi
  fi
  COMPREPLY=($(compgen -W "$list" -- "$cur"))
}
complete -F _resilab resilab
`)
	return b.String()
}

// zshCompletion is for the completion system of zsh.
func zshCompletion(all []syntax) string {
	var b strings.Builder
	b.WriteString("#compdef resilab\n# Completion of resilab for zsh: resilab completion zsh > \"${fpath[1]}/_resilab\"\n")
	cases(&b, "_resilab_words", all, wordList)
	cases(&b, "_resilab_flags", all, flagList)
	valueCases(&b, all)
	b.WriteString(`_resilab() {
  local cur=$words[CURRENT] prev=$words[CURRENT-1] at='' word list
  for word in ${words[2,CURRENT-1]}; do
    if [[ " $(_resilab_words "$at") " == *" $word "* ]]; then at="${at:+$at }$word"; fi
  done
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*}
    compset -P '*='
    cur=''
  fi
  if [[ $cur == -* ]]; then
    list=$(_resilab_flags "$at")
  elif [[ $prev == --* ]] && list=$(_resilab_values "$at" "$prev"); then
    case $list in
    @file) _files; return ;;
    @none) return 1 ;;
    esac
  else
    list=$(_resilab_words "$at")
    if [[ -z $list ]]; then _files; return; fi
  fi
  compadd -- ${=list}
}
if [[ $funcstack[1] == _resilab ]]; then _resilab "$@"; else compdef _resilab resilab; fi
`)
	return b.String()
}

// fishCompletion describes the words and flags.
func fishCompletion(set commandSet, all []syntax) string {
	var b strings.Builder
	b.WriteString("# Completion of resilab for fish: resilab completion fish | source\n")
	b.WriteString("function __resilab_words\n  switch \"$argv[1]\"\n")
	for _, x := range all {
		if words := wordList(x); words != "" {
			fmt.Fprintf(&b, "    case %s\n      string split ' ' -- %s\n", fishQuoted(x.at()), fishQuoted(words))
		}
	}
	b.WriteString(`  end
end
function __resilab_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    if contains -- $word (__resilab_words "$at")
      set at (string trim -- "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
`)
	for _, x := range all {
		where := "complete -c resilab -n " + fishQuoted("__resilab_at "+fishQuoted(x.at()))
		for _, w := range x.words {
			fmt.Fprintf(&b, "%s -f -a %s -d %s\n", where, fishQuoted(w.word), fishQuoted(w.about))
		}
		for _, k := range x.flags {
			fmt.Fprintf(&b, "%s -l %s%s -d %s\n", where, k.ID, fishValues(k), fishQuoted(set.flagHelp(x.command, x.lab, k)))
		}
	}
	return b.String()
}

// fishValues says what follows a flag.
func fishValues(k lab.Knob) string {
	words, file, _ := flagValues(k)
	switch {
	case k.Kind == lab.Bool:
		return " -f"
	case file:
		return " -r"
	case words == nil:
		return " -x"
	}
	return " -x -a " + fishQuoted(strings.Join(words, " "))
}
