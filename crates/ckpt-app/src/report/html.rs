//! HTML that is well-formed and escaped by construction.
//!
//! Names, messages and parameters come from repositories that anyone may have made. Whatever is not
//! a constant of this program enters a page through [`Html::text`], the value of an attribute or
//! [`Html::data`], all of which escape; every element closes where the function ends that fills it.

use std::fmt::{self, Display};

use serde::Serialize;

use crate::text::{Text, escape};

/// The attributes of an element: names, and values that are escaped.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

/// A piece of HTML.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Starts an empty piece.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Gives what was written.
    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Writes an element and, by `fill`, what is inside of it.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        fill: impl FnOnce(&mut Self),
    ) {
        self.tag(tag, attributes);
        fill(self);
        self.0.extend(["</", tag, ">"]);
    }

    /// Writes an element that holds a text alone.
    pub(super) fn leaf(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        text: impl Display,
    ) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// Writes an HTML element that has no end tag, such as `input`.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.tag(tag, attributes);
    }

    /// Writes an empty element, such as a `path` of SVG.
    pub(super) fn empty(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.element(tag, attributes, |_| {});
    }

    /// Writes a text. Control characters, and those that change the direction of writing, are
    /// shown and not obeyed.
    pub(super) fn text(&mut self, text: impl Display) {
        for char in escape(&text.to_string()).chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                char => self.0.push(char),
            }
        }
    }

    /// Writes something of this program's own as it is: a style sheet, a script, the document type.
    pub(super) fn constant(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// Writes values for the script, in an element that browsers never show or run.
    pub(super) fn data(&mut self, value: &impl Serialize) {
        let json = serde_json::to_string(value).expect("keys are texts and numbers are finite");
        self.element("script", &[("type", &"application/json")], |html| {
            // Without `<` nothing can end the element; in JSON it stands in strings alone.
            html.0.push_str(&json.replace('<', r"\u003c"));
        });
    }

    fn tag(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.extend(["<", tag]);
        for (name, value) in attributes {
            self.0.extend([" ", name, "=\""]);
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// Cuts what goes beyond `width` columns out of the middle of a name: its ends tell most.
pub(super) fn shortened(name: &str, width: usize) -> String {
    Text::from(name).cut_middle(width).render(false)
}

/// A coordinate, written with one decimal at most: a tenth of a pixel is not seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding 0 makes the negative zero a plain one.
        write!(f, "{}", (self.0 * 10.0).round() / 10.0 + 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "</script><script>alert('1')</script>\"&\u{202e}\0";

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut html = Html::new();
        html.leaf("p", &[("title", &EVIL)], EVIL);
        let escaped = "&lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\
                       \\u{202e}\\u{0}";
        assert_eq!(html.into_string(), format!("<p title=\"{escaped}\">{escaped}</p>"));
    }

    #[test]
    fn data_cannot_end_its_element() {
        let mut html = Html::new();
        html.data(&[EVIL]);
        let text = html.into_string();
        let json = text.strip_prefix("<script type=\"application/json\">").unwrap();
        let json = json.strip_suffix("</script>").unwrap();
        assert!(!json.contains('<'), "{json}");
        assert_eq!(serde_json::from_str::<Vec<String>>(json).unwrap(), [EVIL]);
    }

    #[test]
    fn coordinates_are_short() {
        let texts = [1.0, 1.25, -0.01, 0.1 + 0.2].map(|value| Px(value).to_string());
        assert_eq!(texts, ["1", "1.3", "0", "0.3"]);
    }
}
