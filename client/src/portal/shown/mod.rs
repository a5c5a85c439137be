//! The pages: what the reports say, as elements.
//!
//! - [`lines`]: a page of text as elements
//! - [`login`], [`overview`], [`product`], [`notes`], [`plan`], [`history`], [`upgrade`], [`live`]: one each

pub mod history;
pub mod lines;
pub mod live;
pub mod login;
pub mod notes;
pub mod overview;
pub mod plan;
pub mod product;
pub mod upgrade;
mod why;

use consign_metadata::text::Language;

use super::html::{Element, element};
use super::sessions::Visitor;
use super::{BASE, Portal};
use crate::host::kernel::process;
use crate::report::page::Page;
use crate::report::portal::{self, Label};

/// What every page has around it.
pub struct Frame<'a> {
    /// The page of this host.
    pub portal: &'a Portal,
    /// The reader's language.
    pub language: Language,
    /// Who reads.
    pub visitor: Option<&'a Visitor>,
    /// The path of the page itself.
    pub path: &'a str,
}

impl Frame<'_> {
    /// A label in the reader's language.
    pub fn label(&self, label: Label) -> String {
        label.text(self.language)
    }

    /// A document with this title, and this in it.
    pub fn document(&self, title: &str, content: impl IntoIterator<Item = Element>) -> Element {
        self.document_again(title, None, content)
    }

    /// The same, loaded again by itself after so many seconds.
    pub fn document_again(
        &self,
        title: &str,
        seconds: Option<u32>,
        content: impl IntoIterator<Item = Element>,
    ) -> Element {
        let again = |seconds: u32| element("meta").with("http-equiv", "refresh").with("content", seconds.to_string());
        let head = head(title, self.language).children(seconds.map(again));
        let main = element("main").with("id", "content").with("tabindex", "-1").children(content);
        let body = element("body").child(skip(self.language)).child(self.banner()).child(main);
        html(self.language).child(head).child(body)
    }

    /// A form that changes something, with the token of the session.
    pub fn form(&self, path: &str) -> Element {
        let token = self.visitor.map(|visitor| visitor.token.clone()).unwrap_or_default();
        let hidden = element("input").with("type", "hidden").with("name", "token").with("value", token);
        element("form").with("method", "post").with("action", format!("{BASE}/{path}")).child(hidden)
    }

    fn banner(&self) -> Element {
        let home = link("", &self.label(Label::Products));
        let navigation = element("nav").with("aria-label", self.label(Label::Navigation)).child(home);
        let host = element("p").with("class", "host").text(process::host_name());
        let mut banner = element("header").child(host).child(navigation).child(languages(self.language));
        if let Some(visitor) = self.visitor {
            let who = element("p").text(portal::visitor(&visitor.person, self.language));
            let leave = element("button").with("type", "submit").text(self.label(Label::LogOut));
            banner = banner.child(who).child(self.form("logout").child(leave));
        }
        banner
    }
}

/// What could not be done, in the frame.
pub fn problem(frame: &Frame<'_>, page: Page) -> Element {
    let title = frame.label(Label::Problem);
    let said = element("div").with("role", "alert").children(lines::elements(page));
    frame.document(&title, [element("h1").text(&title), said])
}

/// A link to one of our pages.
pub fn link(path: &str, text: &str) -> Element {
    element("a").with("href", format!("{BASE}/{path}")).text(text)
}

fn html(language: Language) -> Element {
    element("html").with("lang", language.code())
}

fn head(title: &str, language: Language) -> Element {
    let whole = format!("{title} – {}", Label::Title.text(language));
    let width = element("meta").with("name", "viewport").with("content", "width=device-width, initial-scale=1");
    let style = element("link").with("rel", "stylesheet").with("href", format!("{BASE}/page.css"));
    let script = element("script").with("src", format!("{BASE}/page.js")).marked("defer", true);
    let title = element("title").text(whole);
    element("head").child(element("meta").with("charset", "utf-8")).children([width, title, style, script])
}

fn skip(language: Language) -> Element {
    element("a").with("class", "skip").with("href", "#content").text(Label::Skip.text(language))
}

/// Each language by its own name; the one that is read is no link.
fn languages(now: Language) -> Element {
    let all = [(Language::En, "English"), (Language::Fr, "Français")].map(|(language, name)| {
        let code = language.code();
        match language == now {
            true => element("span").with("aria-current", "true").text(name),
            false => {
                let href = format!("?language={code}");
                element("a").with("href", href).with("lang", code).with("hreflang", code).text(name)
            }
        }
    });
    element("nav").with("class", "languages").with("aria-label", Label::Languages.text(now)).children(all)
}
