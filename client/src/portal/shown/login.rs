//! Where a code is typed, or comes by itself from the address that was opened.

use consign_metadata::text::Language;

use super::{head, html, languages, lines, skip};
use crate::host::typed;
use crate::portal::BASE;
use crate::portal::html::{Element, element};
use crate::portal::refusal::Refusal;
use crate::report::portal::{self, Label};

/// The page; nothing on it tells a stranger anything of this host.
pub fn page(language: Language, refusal: Option<Refusal>) -> Element {
    let label = |label: Label| label.text(language);
    let sudo = typed::here().with_rights.map(|sudo| format!("{sudo} ")).unwrap_or_default();
    let command = element("pre").child(element("code").text(format!("{sudo}consignee page")));
    let code = element("input").with("id", "code").with("name", "code").with("type", "text");
    let code = code.with("autocomplete", "off").with("spellcheck", "false").with("autocapitalize", "none");
    let form = element("form").with("method", "post").with("action", format!("{BASE}/login")).with("id", "login");
    let form = form
        .child(element("label").with("for", "code").text(label(Label::Code)))
        .child(code.with("aria-describedby", "use").marked("required", true))
        .child(element("button").with("type", "submit").text(label(Label::LogIn)));
    let mut main = element("main").with("id", "content").with("tabindex", "-1");
    main = main.child(element("h1").text(label(Label::LogIn)));
    if let Some(refusal) = refusal {
        let sentence = lines::sentence(portal::refusal(refusal, 0, language));
        main = main.child(element("div").with("role", "alert").children(lines::elements(sentence)));
    }
    let help = [
        element("p").text(label(Label::CodeHelp)),
        command,
        element("p").with("id", "use").text(label(Label::CodeUse)),
        form,
    ];
    let banner = element("header").child(languages(language));
    let body = element("body").child(skip(language)).child(banner).child(main.children(help));
    html(language).child(head(&label(Label::LogIn), language)).child(body)
}
