package sshd

import (
	"context"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"resilab/labs/i18n"
	"resilab/tui/state"
)

// maxTries is how many wrong personal codes a session may type.
const maxTries = 5

// enter finds out who the visitor is: the owner of the key that authenticated,
// else the person whose name and personal code are typed, else a new person. The
// person is empty if the visitor left.
func (s *session) enter() (p state.Person, why ending, err error) {
	if s.login.key != "" {
		name := s.login.name
		if name == "" {
			name = s.user
		}
		return state.KeyPerson(s.login.wire, name), "", nil
	}
	people, err := s.conn.server.known(s.ctx)
	if err != nil {
		return p, endNoStart, err
	}
	e := newEntrance(s.catalogue(), s.user, people)
	why, err = s.ask(e)
	if why != "" || e.step != stepDone {
		if why == "" && e.tries >= maxTries {
			s.conn.refuse(s.user, "personal code", "")
			why = endCode
		}
		return p, why, err
	}
	return e.person, "", nil
}

// known returns the people that were kept and those who are here.
func (s *server) known(ctx context.Context) ([]state.Person, error) {
	kept, err := s.State.People(ctx)
	if err != nil {
		return nil, err
	}
	return append(kept, s.seats.people()...), nil
}

// step is what the entrance shows.
type step int

const (
	stepName step = iota
	stepCode      // the name is known: its owner has a code
	stepNew       // shows the code of a new person
	stepDone
)

// entrance is the start screen: it asks for a name, and for the personal code
// of a name that is known.
type entrance struct {
	text   *i18n.Catalogue
	people []state.Person
	field  textinput.Model
	step   step
	name   string
	person state.Person
	code   string // of a new person
	tries  int    // wrong codes
	height int
}

func newEntrance(text *i18n.Catalogue, name string, people []state.Person) *entrance {
	e := &entrance{text: text, people: people, field: textinput.New()}
	e.field.Prompt = "> "
	e.field.CharLimit = maxName
	e.field.SetValue(name)
	e.field.CursorEnd()
	e.field.Cursor.SetMode(cursor.CursorStatic) // blinking draws, and leaves a timer behind
	e.field.Focus()
	return e
}

// Init implements tea.Model.
func (e *entrance) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (e *entrance) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		e.field.Width, e.height = max(1, min(msg.Width-4, maxName)), msg.Height
	case tea.KeyMsg:
		switch msg.Type {
		case tea.KeyCtrlC, tea.KeyCtrlD, tea.KeyEsc:
			return e, tea.Quit
		case tea.KeyEnter:
			return e, e.next()
		}
	}
	if e.step == stepNew {
		return e, nil
	}
	var cmd tea.Cmd
	e.field, cmd = e.field.Update(msg)
	return e, cmd
}

// next takes what was typed.
func (e *entrance) next() tea.Cmd {
	typed := clean(e.field.Value(), maxName)
	switch e.step {
	case stepName:
		return e.takeName(typed)
	case stepCode:
		return e.takeCode(typed)
	default:
		e.step = stepDone
		return tea.Quit
	}
}

func (e *entrance) takeName(typed string) tea.Cmd {
	if typed == "" {
		return nil
	}
	e.name = typed
	e.field.Reset()
	if !slices.ContainsFunc(e.people, func(p state.Person) bool { return p.HasName(typed) && p.Code != "" }) {
		e.makePerson()
		return nil
	}
	e.step = stepCode
	e.field.EchoMode = textinput.EchoPassword
	return nil
}

// takeCode takes the personal code; an empty one asks for a new person.
func (e *entrance) takeCode(typed string) tea.Cmd {
	e.field.Reset()
	if typed == "" {
		e.makePerson()
		return nil
	}
	i := slices.IndexFunc(e.people, func(p state.Person) bool { return p.HasName(e.name) && p.HasCode(typed) })
	if i < 0 {
		if e.tries++; e.tries >= maxTries {
			return tea.Quit
		}
		return nil
	}
	e.person, e.step = e.people[i], stepDone
	return tea.Quit
}

// makePerson makes a person, with a number if others have the name.
func (e *entrance) makePerson() {
	e.person, e.code = state.NewPerson(e.name)
	for _, p := range e.people {
		if p.HasName(e.name) {
			e.person.Number = max(e.person.Number, max(1, p.Number)+1)
		}
	}
	e.step = stepNew
}

// View implements tea.Model.
func (e *entrance) View() string {
	lines := []string{"", " resilab", ""}
	add := func(key string, args ...any) {
		for line := range strings.SplitSeq(e.text.T("sshd.enter."+key, args...), "\n") {
			lines = append(lines, " "+line)
		}
	}
	switch e.step {
	case stepName:
		add("name")
		lines = append(lines, " "+e.field.View())
	case stepCode:
		add("code", e.name)
		lines = append(lines, " "+e.field.View())
		if e.tries > 0 {
			add("wrong", maxTries-e.tries)
		}
	default:
		add("new", e.person.Label(), e.code)
	}
	return strings.Join(lines, "\n") + strings.Repeat("\n", max(0, e.height-len(lines)))
}

// answer is what a visitor chose who is here already.
type answer int

const (
	answerLeave answer = iota
	answerTake
	answerNew
)

// askTakeOver asks whether to take over the person's other session.
func (s *session) askTakeOver() (answer, ending, error) {
	q := &takeOver{text: s.catalogue()}
	why, err := s.ask(q)
	return q.answer, why, err
}

// takeOver is the question for a person who is connected already.
type takeOver struct {
	text   *i18n.Catalogue
	answer answer
}

// Init implements tea.Model.
func (q *takeOver) Init() tea.Cmd { return nil }

// Update implements tea.Model.
func (q *takeOver) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	key, ok := msg.(tea.KeyMsg)
	if !ok || key.Paste {
		return q, nil
	}
	switch key.String() {
	case "1", "enter":
		q.answer = answerTake
	case "2":
		q.answer = answerNew
	case "q", "esc", "ctrl+c", "ctrl+d":
		q.answer = answerLeave
	default:
		return q, nil
	}
	return q, tea.Quit
}

// View implements tea.Model.
func (q *takeOver) View() string {
	return "\n " + strings.ReplaceAll(q.text.T("sshd.enter.taken"), "\n", "\n ") + "\n"
}
