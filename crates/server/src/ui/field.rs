//! Labelled fields: the label, the control, one sentence of help, the error at the place.

use maud::{Markup, Render, html};

use super::icons::Icon;

/// A labelled field. Its id is its name unless another is given: names repeat in rows, ids must not.
///
/// ```
/// use munadi::ui::field::Field;
/// use maud::Render;
/// let field = Field::password("password", "Password").autocomplete("current-password");
/// assert!(field.render().into_string().contains(r#"for="password""#));
/// ```
#[derive(Clone, Debug)]
pub struct Field {
    /// The name the form sends.
    pub name: String,
    /// The id of the control.
    pub id: String,
    /// The label: a noun, such as "Template".
    pub label: String,
    /// Kept for screen readers only, where a column head or a sign says the same.
    pub label_hidden: bool,
    /// The help: one sentence, shown before a mistake.
    pub help: Option<String>,
    /// The error: the fact, then the way out, as in "31 of 30 characters. Shorten the title, or use the short title."
    pub error: Option<String>,
    /// What stands beside the label, at its right: a link such as "Forgotten?".
    pub aside: Option<Markup>,
    /// Whether it must be filled.
    pub required: bool,
    /// Whether it cannot be changed now.
    pub disabled: bool,
    /// Posts or gets the form as soon as it changes, where there is a script.
    pub autosubmit: bool,
    /// Whether it takes the focus when the page opens.
    pub autofocus: bool,
    /// The id of the form it belongs to, if it stands outside.
    pub form: Option<String>,
    /// What can be picked instead of typing a line: values with the words beside them, which may be empty.
    pub suggestions: Vec<(String, String)>,
    /// The control that a person types or chooses in.
    pub control: Control,
}

/// The control of a field.
#[derive(Clone, Debug)]
pub enum Control {
    /// A line of any input type.
    Input(Input),
    /// A box of several lines.
    Area {
        /// The text that it holds.
        value: String,
        /// The height of the box, in lines.
        rows: u16,
        /// The largest number of characters, counted while typing; `None` for no limit.
        maxlength: Option<u32>,
    },
    /// One choice from a list.
    Select {
        /// Its groups; a group without a name holds plain options.
        groups: Vec<OptionGroup>,
    },
}

/// A line of input. The attributes are those of HTML.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// `text`, `email`, `password`, `tel`, `number`, `date`, `time`, `datetime-local`, `file`, `search`, `url`, `color`.
    pub kind: &'static str,
    /// The text that it holds. Never set for a password or a file.
    pub value: String,
    /// `current-password`, `new-password`, `username`, `one-time-code`, `off`…
    pub autocomplete: Option<&'static str>,
    /// `numeric`, `decimal`, `tel`, `email`: which keys a phone shows.
    pub inputmode: Option<&'static str>,
    /// An example, never the label.
    pub placeholder: Option<String>,
    /// The smallest number or moment.
    pub min: Option<String>,
    /// The largest number or moment.
    pub max: Option<String>,
    /// Grain of a number or a time; `any` for fractions.
    pub step: Option<String>,
    /// Most characters; counted while typing.
    pub maxlength: Option<u32>,
    /// The smallest number of characters.
    pub minlength: Option<u32>,
    /// What it must look like.
    pub pattern: Option<String>,
    /// The file types that the browser offers: `.csv,.tsv,.xlsx`.
    pub accept: Option<&'static str>,
    /// Whether it is only shown and cannot be changed.
    pub readonly: bool,
}

/// The options under one heading of a list.
#[derive(Clone, Debug, Default)]
pub struct OptionGroup {
    /// The heading; none for plain options.
    pub name: Option<String>,
    /// The options of the group.
    pub options: Vec<Choice>,
}

/// One option.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The value that the form sends.
    pub value: String,
    /// The words that are read.
    pub label: String,
    /// Whether it is chosen now.
    pub selected: bool,
    /// Whether it cannot be chosen; the label says why.
    pub disabled: bool,
}

impl Choice {
    /// Something to choose, chosen if it equals `current`.
    pub fn new(value: impl Into<String>, label: impl Into<String>, current: &str) -> Choice {
        let value = value.into();
        Choice { selected: value == current, value, label: label.into(), disabled: false }
    }
}

impl Field {
    fn with(name: impl Into<String>, label: impl Into<String>, control: Control) -> Field {
        let name = name.into();
        Field {
            id: name.clone(),
            name,
            label: label.into(),
            label_hidden: false,
            help: None,
            error: None,
            aside: None,
            required: false,
            disabled: false,
            autosubmit: false,
            autofocus: false,
            form: None,
            suggestions: Vec::new(),
            control,
        }
    }

    /// A line of the given input type.
    pub fn input(kind: &'static str, name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::with(name, label, Control::Input(Input { kind, ..Input::default() }))
    }

    /// A line of text.
    pub fn text(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("text", name, label)
    }

    /// An e-mail address.
    pub fn email(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("email", name, label).autocomplete("email")
    }

    /// A password; say `current-password` or `new-password` with [`Field::autocomplete`].
    pub fn password(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("password", name, label)
    }

    /// A phone number.
    pub fn phone(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("tel", name, label).inputmode("tel")
    }

    /// A whole number.
    pub fn number(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("number", name, label).inputmode("numeric")
    }

    /// A moment on the clock of the organisation's zone: `2026-10-13T18:00`.
    pub fn datetime(name: impl Into<String>, label: impl Into<String>) -> Field {
        Field::input("datetime-local", name, label)
    }

    /// A file; `accept` as HTML has it.
    pub fn file(name: impl Into<String>, label: impl Into<String>, accept: &'static str) -> Field {
        Field::with(
            name,
            label,
            Control::Input(Input { kind: "file", accept: Some(accept), ..Input::default() }),
        )
    }

    /// Several lines.
    pub fn area(name: impl Into<String>, label: impl Into<String>, value: impl Into<String>) -> Field {
        Field::with(name, label, Control::Area { value: value.into(), rows: 4, maxlength: None })
    }

    /// One of a list.
    pub fn select(name: impl Into<String>, label: impl Into<String>, options: Vec<Choice>) -> Field {
        Field::with(name, label, Control::Select { groups: vec![OptionGroup { name: None, options }] })
    }

    /// One of a list under headings.
    pub fn select_grouped(
        name: impl Into<String>,
        label: impl Into<String>,
        groups: Vec<OptionGroup>,
    ) -> Field {
        Field::with(name, label, Control::Select { groups })
    }

    /// With another id than its name.
    pub fn id(self, id: impl Into<String>) -> Field {
        Field { id: id.into(), ..self }
    }

    /// With the label for screen readers only.
    pub fn hide_label(self) -> Field {
        Field { label_hidden: true, ..self }
    }

    /// With one sentence of help.
    pub fn help(self, help: impl Into<String>) -> Field {
        Field { help: Some(help.into()), ..self }
    }

    /// With an error, if there is one.
    pub fn error(self, error: Option<String>) -> Field {
        Field { error, ..self }
    }

    /// With something at the right of the label.
    pub fn aside(self, aside: impl Render) -> Field {
        Field { aside: Some(aside.render()), ..self }
    }

    /// Must be filled.
    pub fn required(self) -> Field {
        Field { required: true, ..self }
    }

    /// Cannot be changed now.
    pub fn disabled(self, disabled: bool) -> Field {
        Field { disabled, ..self }
    }

    /// Sends its form when it changes.
    pub fn autosubmit(self) -> Field {
        Field { autosubmit: true, ..self }
    }

    /// Takes the focus when the page opens.
    pub fn autofocus(self) -> Field {
        Field { autofocus: true, ..self }
    }

    /// Belongs to the form with this id.
    pub fn form(self, id: impl Into<String>) -> Field {
        Field { form: Some(id.into()), ..self }
    }

    /// Holds this. For a select, chooses the option with this value.
    pub fn value(mut self, text: impl Into<String>) -> Field {
        let text = text.into();
        match &mut self.control {
            Control::Input(input) => input.value = text,
            Control::Area { value, .. } => *value = text,
            Control::Select { groups } => {
                groups.iter_mut().flat_map(|g| &mut g.options).for_each(|o| o.selected = o.value == text);
            }
        }
        self
    }

    /// Changes the attributes of a line of input; other controls stay as they are.
    pub fn tune(mut self, change: impl FnOnce(&mut Input)) -> Field {
        if let Control::Input(input) = &mut self.control {
            change(input);
        }
        self
    }

    /// What a browser may fill in.
    pub fn autocomplete(self, what: &'static str) -> Field {
        self.tune(|input| input.autocomplete = Some(what))
    }

    /// Which keys a phone shows.
    pub fn inputmode(self, mode: &'static str) -> Field {
        self.tune(|input| input.inputmode = Some(mode))
    }

    /// An example in the empty field.
    pub fn placeholder(self, text: impl Into<String>) -> Field {
        self.tune(|input| input.placeholder = Some(text.into()))
    }

    /// Smallest and largest number or moment.
    pub fn between(self, min: impl ToString, max: impl ToString) -> Field {
        self.tune(|input| {
            input.min = Some(min.to_string());
            input.max = Some(max.to_string());
        })
    }

    /// Most characters, counted while typing.
    pub fn at_most(mut self, characters: u32) -> Field {
        match &mut self.control {
            Control::Input(input) => input.maxlength = Some(characters),
            Control::Area { maxlength, .. } => *maxlength = Some(characters),
            Control::Select { .. } => {}
        }
        self
    }

    fn maxlength(&self) -> Option<u32> {
        match &self.control {
            Control::Input(input) => input.maxlength,
            Control::Area { maxlength, .. } => *maxlength,
            Control::Select { .. } => None,
        }
    }

    fn typed(&self) -> &str {
        match &self.control {
            Control::Input(input) => &input.value,
            Control::Area { value, .. } => value,
            Control::Select { .. } => "",
        }
    }

    /// Ids of what explains the control: error first, then help.
    fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let help = self.help.as_ref().map(|_| format!("{}-help", self.id));
        let ids: Vec<String> = error.into_iter().chain(help).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// The control alone, for a cell whose head is the label; it then carries the label itself.
    pub fn bare(&self) -> Markup {
        html! {
            (self.render_control(Some(&self.label)))
            (self.render_error())
        }
    }

    pub(super) fn render_error(&self) -> Markup {
        html! {
            @if let Some(error) = &self.error {
                p class="m-error" id={ (self.id) "-error" } { (Icon::Error) span { (error) } }
            }
        }
    }

    pub(super) fn render_control(&self, aria_label: Option<&str>) -> Markup {
        let invalid = self.error.as_ref().map(|_| "true");
        let described = self.described_by();
        let autosubmit = self.autosubmit.then_some("");
        match &self.control {
            Control::Input(i) => html! {
                input class={ "mui-input" @if i.kind == "file" { " m-file" } } type=(i.kind) name=(self.name) id=(self.id) form=[&self.form]
                    value=[(!matches!(i.kind, "password" | "file")).then_some(&i.value)] aria-label=[aria_label]
                    autocomplete=[i.autocomplete] inputmode=[i.inputmode] placeholder=[&i.placeholder] min=[&i.min] max=[&i.max]
                    step=[&i.step] maxlength=[i.maxlength] minlength=[i.minlength] pattern=[&i.pattern] accept=[i.accept]
                    readonly[i.readonly] required[self.required] disabled[self.disabled] autofocus[self.autofocus]
                    list=[(!self.suggestions.is_empty()).then(|| format!("{}-list", self.id))]
                    aria-invalid=[invalid] aria-describedby=[described] data-autosubmit=[autosubmit];
                @if !self.suggestions.is_empty() {
                    datalist id={ (self.id) "-list" } {
                        @for (value, words) in &self.suggestions { option value=(value) label=[(!words.is_empty()).then_some(words)] {} }
                    }
                }
            },
            Control::Area { value, rows, maxlength } => html! {
                textarea class="mui-textarea" name=(self.name) id=(self.id) form=[&self.form] rows=(rows) maxlength=[maxlength]
                    aria-label=[aria_label] required[self.required] disabled[self.disabled] autofocus[self.autofocus]
                    aria-invalid=[invalid] aria-describedby=[described] data-autosubmit=[autosubmit] { "\n" (value) }
            },
            Control::Select { groups } => html! {
                div class="mui-native-select" {
                    select class="mui-native-select__select" name=(self.name) id=(self.id) form=[&self.form] aria-label=[aria_label]
                        required[self.required] disabled[self.disabled] autofocus[self.autofocus]
                        aria-invalid=[invalid] aria-describedby=[described] data-autosubmit=[autosubmit] {
                        @for group in groups { (group) }
                    }
                    span class="mui-native-select__chevron" aria-hidden="true" { (Icon::Down) }
                }
            },
        }
    }
}

impl Render for OptionGroup {
    fn render(&self) -> Markup {
        html! {
            @match &self.name {
                Some(name) => optgroup label=(name) { @for option in &self.options { (option) } },
                None => @for option in &self.options { (option) },
            }
        }
    }
}

impl Render for Choice {
    fn render(&self) -> Markup {
        html! { option value=(self.value) selected[self.selected] disabled[self.disabled] { (self.label) } }
    }
}

impl Render for Field {
    fn render(&self) -> Markup {
        let label_class = if self.label_hidden { "mui-visually-hidden" } else { "m-label" };
        html! {
            div class="m-field" {
                @if self.aside.is_some() || self.maxlength().is_some() {
                    div class="m-label m-label--row" {
                        label class=(label_class) for=(self.id) { (self.label) }
                        @if let Some(aside) = &self.aside { (aside) }
                        @if let Some(most) = self.maxlength() {
                            span class="m-len__n" data-counter=(self.id) { (self.typed().chars().count()) "/" (most) }
                        }
                    }
                } @else {
                    label class=(label_class) for=(self.id) { (self.label) }
                }
                (self.render_control(None))
                (self.render_error())
                @if let Some(help) = &self.help { p class="m-hint" id={ (self.id) "-help" } { (help) } }
            }
        }
    }
}

/// A box to tick, its label beside it.
#[derive(Clone, Debug)]
pub struct Checkbox {
    /// The name the form sends.
    pub name: String,
    /// The id of the box.
    pub id: String,
    /// What the form sends when it is ticked.
    pub value: String,
    /// The label of the box.
    pub label: String,
    /// One sentence under the label.
    pub help: Option<String>,
    /// Whether it is ticked now.
    pub checked: bool,
    /// Whether it cannot be changed now.
    pub disabled: bool,
    /// Whether it must be ticked.
    pub required: bool,
}

impl Checkbox {
    /// A box that sends `name=on`.
    pub fn new(name: impl Into<String>, label: impl Into<String>, checked: bool) -> Checkbox {
        let name = name.into();
        let id = name.clone();
        Checkbox {
            id,
            name,
            value: "on".into(),
            label: label.into(),
            help: None,
            checked,
            disabled: false,
            required: false,
        }
    }

    /// One of several with the same name: sends `name=value`, with an id of its own.
    pub fn of(name: &str, value: impl Into<String>, label: impl Into<String>, checked: bool) -> Checkbox {
        let value = value.into();
        Checkbox { id: format!("{name}-{value}"), value, ..Checkbox::new(name, label, checked) }
    }

    /// With one sentence of help.
    pub fn help(self, help: impl Into<String>) -> Checkbox {
        Checkbox { help: Some(help.into()), ..self }
    }
}

impl Render for Checkbox {
    fn render(&self) -> Markup {
        let help_id = self.help.as_ref().map(|_| format!("{}-help", self.id));
        html! {
            div class="m-tick" {
                input type="checkbox" name=(self.name) id=(self.id) value=(self.value) checked[self.checked]
                    disabled[self.disabled] required[self.required] aria-describedby=[&help_id];
                div {
                    label for=(self.id) { (self.label) }
                    @if let Some(help) = &self.help { p class="m-hint" id=[&help_id] { (help) } }
                }
            }
        }
    }
}

/// Two or three ways in one control: radio buttons, so it works without script.
#[derive(Clone, Debug)]
pub struct Segmented {
    /// The name the form sends.
    pub name: String,
    /// What is chosen, read aloud: "When to send".
    pub legend: String,
    /// The options, of which one is chosen.
    pub choices: Vec<Choice>,
    /// Sends its form when it changes.
    pub autosubmit: bool,
}

impl Render for Segmented {
    fn render(&self) -> Markup {
        html! {
            fieldset class="m-seg" {
                legend class="mui-visually-hidden" { (self.legend) }
                @for choice in &self.choices {
                    label {
                        input type="radio" name=(self.name) value=(choice.value) checked[choice.selected] disabled[choice.disabled]
                            data-autosubmit=[self.autosubmit.then_some("")];
                        span { (choice.label) }
                    }
                }
            }
        }
    }
}

/// A field that is only shown: a label and what stands there.
pub struct Shown<'a> {
    /// The label: a noun.
    pub label: &'a str,
    /// The value that is shown.
    pub value: Markup,
}

impl Render for Shown<'_> {
    fn render(&self) -> Markup {
        html! {
            div class="m-field" {
                p class="m-label" { (self.label) }
                p class="m-read" { (self.value) }
            }
        }
    }
}
