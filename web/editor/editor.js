// The code editor: CodeMirror behind the few calls that web/src/components/code_editor.rs makes. Loaded when a text area
// for code is first shown. Knows nothing of messages and schemas, and keeps no text of its own: every change is handed over.
import {StreamLanguage, bracketMatching, syntaxHighlighting} from "@codemirror/language";
import {history, historyKeymap, insertNewlineKeepIndent, standardKeymap} from "@codemirror/commands";
import {json} from "@codemirror/lang-json";
import {protobuf} from "@codemirror/legacy-modes/mode/protobuf";
import {lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics} from "@codemirror/lint";
import {findNext, findPrevious, closeSearchPanel, openSearchPanel, search} from "@codemirror/search";
import {Annotation, Compartment, EditorState, Prec} from "@codemirror/state";
import {EditorView, highlightSpecialChars, keymap, lineNumbers, placeholder} from "@codemirror/view";
import {tagHighlighter, tags} from "@lezer/highlight";

// Longer text is shown and edited, but not parsed.
const PARSED_CHARACTERS_MAX = 2_000_000;

// What the page set itself is not handed back to it.
const fromPage = Annotation.define();

const colours = tagHighlighter([
  {tag: tags.propertyName, class: "j-key"},
  {tag: [tags.string, tags.special(tags.string)], class: "j-string"},
  {tag: tags.number, class: "j-number"},
  {tag: [tags.bool, tags.null, tags.keyword, tags.typeName, tags.atom], class: "j-literal"},
  {tag: [tags.punctuation, tags.separator, tags.bracket, tags.comment], class: "j-punctuation"},
]);

// By the console's own variables, so that both looks are the page's.
const look = EditorView.theme({
  "&": {height: "100%", backgroundColor: "transparent", color: "var(--text)"},
  "&.cm-focused": {outline: "none"},
  ".cm-scroller": {font: "13px/var(--editor-line) var(--mono)"},
  ".cm-content": {padding: "8px 0", caretColor: "var(--text)"},
  ".cm-line": {padding: "0 12px"},
  ".cm-gutters": {backgroundColor: "var(--sunken)", color: "var(--muted)", borderRight: "1px solid var(--line)"},
  ".cm-lineNumbers .cm-gutterElement": {padding: "0 8px 0 4px", minWidth: "28px"},
  ".cm-gutter-lint": {width: "16px"},
  ".cm-gutter-lint .cm-gutterElement": {display: "flex", alignItems: "center", justifyContent: "center", padding: "0"},
  ".cm-lint-marker": {width: "8px", height: "8px"},
  ".cm-lint-marker-error": {content: "none", borderRadius: "50%", backgroundColor: "var(--bad)"},
  ".cm-content ::selection, .cm-content::selection": {backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)"},
  ".cm-placeholder": {color: "var(--muted)"},
  "&.cm-focused .cm-matchingBracket": {backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)"},
  "&.cm-focused .cm-nonmatchingBracket": {backgroundColor: "var(--bad-soft)"},
  ".cm-lintRange-error": {
    backgroundImage: "none", textDecoration: "underline wavy var(--bad)", textDecorationSkipInk: "none",
    textUnderlineOffset: "4px", backgroundColor: "color-mix(in srgb, var(--bad) 9%, transparent)",
  },
  ".cm-lintPoint-error:after": {borderBottomColor: "var(--bad)"},
  ".cm-tooltip": {
    backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius)", boxShadow: "var(--shadow)", maxWidth: "60ch",
  },
  ".cm-diagnostic": {padding: "6px 10px", whiteSpace: "pre-wrap", overflowWrap: "anywhere", fontFamily: "var(--sans)", fontSize: "13px"},
  ".cm-diagnostic-error": {borderLeft: "3px solid var(--bad)"},
  ".cm-panels": {backgroundColor: "var(--sunken)", color: "var(--text)"},
  ".cm-panels.cm-panels-top": {borderBottom: "1px solid var(--line)"},
  ".cm-panel.cm-search": {padding: "6px 30px 6px 8px"},
  ".cm-panel.cm-search label": {fontSize: "12px"},
  ".cm-textfield": {
    width: "160px", height: "26px", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)",
    backgroundColor: "var(--surface)", color: "var(--text)",
  },
  ".cm-button": {
    height: "26px", padding: "0 8px", border: "1px solid var(--line-strong)", borderRadius: "var(--radius)",
    backgroundImage: "none", backgroundColor: "var(--surface)", color: "var(--text)",
  },
  ".cm-panel.cm-search [name=close]": {width: "26px", height: "26px", color: "var(--text)"},
  ".cm-searchMatch": {backgroundColor: "var(--caution-soft)"},
  ".cm-searchMatch-selected": {outline: "1px solid var(--caution)"},
});

const languages = {json: () => json(), protobuf: () => StreamLanguage.define(protobuf), plain: () => []};

function languageFor(name, length) {
  return length <= PARSED_CHARACTERS_MAX ? [(languages[name] ?? languages.plain)(), bracketMatching()] : [];
}

// Keys that a plain text area has, and no more: Tab leaves, Ctrl+Enter and Ctrl+K are the page's.
const keys = keymap.of([
  {key: "Enter", run: insertNewlineKeepIndent, shift: insertNewlineKeepIndent},
  {key: "F8", run: nextDiagnostic},
  {key: "Shift-F8", run: previousDiagnostic},
  {key: "Mod-f", run: openSearchPanel, scope: "editor search-panel"},
  {key: "F3", run: findNext, shift: findPrevious, scope: "editor search-panel", preventDefault: true},
  {key: "Escape", run: closeSearchPanel, scope: "editor search-panel"},
  ...historyKeymap,
  ...standardKeymap.filter(binding => binding.key !== "Enter"),
]);

// The part that differs, so that the caret and what can be undone stay as they are where nothing changed.
function difference(old, text) {
  let start = 0;
  const shorter = Math.min(old.length, text.length);
  while (start < shorter && old.charCodeAt(start) === text.charCodeAt(start)) start++;
  let from = old.length, to = text.length;
  while (from > start && to > start && old.charCodeAt(from - 1) === text.charCodeAt(to - 1)) { from--; to--; }
  return {from: start, to: from, insert: text.slice(start, to)};
}

class CodeEditor {
  constructor(parent, options, onchange) {
    this.language = new Compartment();
    this.name = options.language;
    this.parsed = options.text.length <= PARSED_CHARACTERS_MAX;
    const handOver = EditorView.updateListener.of(update => {
      if (!update.docChanged || update.transactions.every(transaction => transaction.annotation(fromPage))) return;
      this.choose();
      onchange(this.text());
    });
    this.view = new EditorView({parent, state: EditorState.create({
      doc: options.text,
      extensions: [
        // A text keeps the line ends it came with only where they are line feeds; the page shows one kind.
        EditorState.lineSeparator.of("\n"),
        EditorState.tabSize.of(4),
        lineNumbers(), lintGutter(), highlightSpecialChars(), history(),
        search({top: true}), syntaxHighlighting(colours), Prec.high(look), keys,
        this.language.of(languageFor(this.name, options.text.length)),
        placeholder(options.placeholder),
        EditorView.contentAttributes.of({
          id: options.id, "data-testid": options.id, "aria-label": options.label,
          ...(options.describedBy ? {"aria-describedby": options.describedBy} : {}),
          spellcheck: "false", autocorrect: "off", autocapitalize: "off", translate: "no",
          // What scrolls sideways is reached by keyboard; an editable element is, but not every checker knows it.
          tabindex: "0",
        }),
        handOver,
      ],
    })});
    // A field like the others for whoever asks it for its value.
    Object.defineProperty(this.view.contentDOM, "value", {get: () => this.text()});
  }

  text() { return this.view.state.doc.toString(); }

  // Parsing begins or ends where the text grows or shrinks over the limit.
  choose(name = this.name) {
    const length = this.view.state.doc.length;
    const parsed = length <= PARSED_CHARACTERS_MAX;
    if (parsed === this.parsed && name === this.name) return;
    this.parsed = parsed;
    this.name = name;
    queueMicrotask(() => this.view.dispatch({effects: this.language.reconfigure(languageFor(name, length))}));
  }

  setText(text) {
    const changes = difference(this.text(), text);
    this.view.dispatch({changes, annotations: fromPage.of(true)});
    this.choose();
  }

  // Two offsets to a violation, in UTF-16 units, and its sentence.
  setViolations(places, sentences) {
    const length = this.view.state.doc.length;
    const diagnostics = sentences.map((message, index) => {
      const from = Math.min(places[2 * index], length);
      return {from, to: Math.max(from, Math.min(places[2 * index + 1], length)), severity: "error", message};
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  goTo(offset) {
    const anchor = Math.min(offset, this.view.state.doc.length);
    this.view.dispatch({selection: {anchor}, effects: EditorView.scrollIntoView(anchor, {y: "center"})});
    this.view.focus();
  }

  focus() { this.view.focus(); }

  destroy() { this.view.destroy(); }
}

globalThis.irongateCodeEditor = {create: (parent, options, onchange) => new CodeEditor(parent, options, onchange)};
