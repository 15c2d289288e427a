//! Text for a terminal, safe by construction.

use console::measure_text_width;

/// What is left out of a text that was cut ends in this.
const CUT: &str = "...";

/// What a part of a text means, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Nothing special.
    #[default]
    Plain,
    /// A heading or the main result.
    Strong,
    /// Beside the point.
    Faint,
    /// The id of a version.
    Id,
    /// The name of a ref.
    Ref,
    /// Good news.
    Good,
    /// Bad news.
    Bad,
    /// Worth a look.
    Notice,
}

impl Style {
    /// Gives the parameters of the escape sequence "select graphic rendition".
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Id => "33",
            Self::Ref => "36",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Notice => "35",
        }
    }
}

/// One line of styled text without control characters.
///
/// Names and messages come from repositories that anyone may have made: control characters, and
/// those that change the direction of writing, are escaped when a text is made, so that no text
/// can move the cursor or feign another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    parts: Vec<(Style, String)>,
}

impl Text {
    /// Makes an empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a text of one style.
    pub fn styled(style: Style, text: impl AsRef<str>) -> Self {
        Self::new().push(style, text)
    }

    /// Adds a part without a style.
    #[must_use]
    pub fn plain(self, text: impl AsRef<str>) -> Self {
        self.push(Style::Plain, text)
    }

    /// Adds a part.
    #[must_use]
    pub fn push(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.parts.push((style, escape(text.as_ref())));
        self
    }

    /// Adds another text.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self
    }

    /// Gives the columns that the text takes up on a terminal.
    pub fn width(&self) -> usize {
        self.parts.iter().map(|(_, text)| measure_text_width(text)).sum()
    }

    /// Cuts what goes beyond `width` columns, which are at least 4, and marks the cut.
    #[must_use]
    pub fn cut(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let mut room = width.saturating_sub(CUT.len());
        let mut parts = Vec::new();
        for (style, text) in self.parts {
            let kept = &text[..fitting(text.chars(), room)];
            room = room.saturating_sub(measure_text_width(kept));
            let is_whole = kept.len() == text.len();
            parts.push((style, kept.to_owned()));
            if !is_whole {
                break;
            }
        }
        parts.push((Style::Plain, CUT.to_owned()));
        Self { parts }
    }

    /// Cuts what goes beyond `width` columns, which are at least 5, out of the middle, and marks the
    /// cut.
    #[must_use]
    pub fn cut_middle(self, width: usize) -> Self {
        if self.width() <= width {
            return self;
        }
        let room = width.saturating_sub(CUT.len());
        let end = self.suffix(room / 2);
        // The first half has what the second one leaves.
        let start = self.cut(width - end.width());
        start.join(end)
    }

    /// Returns as much of the end as fits into `width` columns.
    fn suffix(&self, width: usize) -> Self {
        let mut room = width;
        let mut parts = Vec::new();
        for (style, text) in self.parts.iter().rev() {
            let start = text.len() - fitting(text.chars().rev(), room);
            let kept = &text[start..];
            room = room.saturating_sub(measure_text_width(kept));
            parts.push((*style, kept.to_owned()));
            if start > 0 {
                break;
            }
        }
        parts.reverse();
        Self { parts }
    }

    /// Writes the text out, with escape sequences if `colour` is set.
    pub fn render(&self, colour: bool) -> String {
        let mut line = String::new();
        for (style, text) in &self.parts {
            if colour && *style != Style::Plain && !text.is_empty() {
                line.extend(["\x1b[", style.code(), "m", text, "\x1b[0m"]);
            } else {
                line.push_str(text);
            }
        }
        line
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}

/// Makes the character before it an emoji, which may be wider than it was.
const EMOJI: char = '\u{fe0f}';

/// Gives the bytes of the first characters that fit into `width` columns together.
///
/// No character is measured twice and none after the first that does not fit: names may be as long
/// as their authors like. What joins to one sign, such as an emoji of several, counts as its parts,
/// and never as less than it takes up.
fn fitting(chars: impl Iterator<Item = char>, width: usize) -> usize {
    let take = |room: &mut usize, char| {
        *room = room.checked_sub(columns(char))?;
        Some(char.len_utf8())
    };
    chars.scan(width, take).sum()
}

fn columns(char: char) -> usize {
    if char == EMOJI { 1 } else { measure_text_width(char.encode_utf8(&mut [0; 4])) }
}

/// Replaces control characters by what they are written as in source code.
pub fn escape(text: &str) -> String {
    let escape = |char: char| {
        let reorders = matches!(char,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if char.is_control() || reorders {
            char.escape_default().collect()
        } else {
            char.to_string()
        }
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        let text = Text::from("a\x1b[31mb\nc\u{202e}d\u{9b}");
        assert_eq!(text.render(true), r"a\u{1b}[31mb\nc\u{202e}d\u{9b}");
    }

    #[test]
    fn colours_appear_only_where_they_are_wanted() {
        let text = Text::styled(Style::Bad, "no").plain(" way");
        assert_eq!(text.render(false), "no way");
        assert_eq!(text.render(true), "\x1b[31mno\x1b[0m way");
    }

    #[test]
    fn a_cut_text_fills_its_width_and_says_so() {
        let text = || Text::styled(Style::Ref, "main").plain(": first version");
        assert_eq!(text().cut(19), text());
        assert_eq!(text().cut(12).render(false), "main: fir...");
        assert_eq!(text().cut(6).render(false), "mai...");
        assert_eq!(Text::from("重みの重み").cut(8).render(false), "重み...");
    }

    #[test]
    fn a_text_can_lose_its_middle() {
        let text = || Text::styled(Style::Ref, "layers.").plain("10.weight");
        assert_eq!(text().cut_middle(16), text());
        assert_eq!(text().cut_middle(13).render(false), "layer...eight");
        assert_eq!(text().cut_middle(12).render(false), "layer...ight");
        assert_eq!(Text::from("重みの重み").cut_middle(8).render(false), "重...み");
    }

    #[test]
    fn a_long_text_is_measured_no_further_than_it_fits() {
        let mut seen = 0;
        let name = "w\u{301}".repeat(30_000);
        assert_eq!(fitting(name.chars().inspect(|_| seen += 1), 10), 30);
        assert_eq!(seen, 21);
        let cut = |name: &str| Text::from(name).cut_middle(13).render(false);
        assert_eq!(cut(&"layers.".repeat(9_000)), "layer...yers.");
        assert_eq!(cut(&name), format!("{}...\u{301}{}", &name[..15], &name[..15]));
    }

    #[test]
    fn a_cut_text_is_never_wider_than_it_may_be() {
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        for name in ["\u{2764}\u{fe0f}".repeat(9), family.repeat(9), "e\u{fe0f}".repeat(9)] {
            let text = || Text::from(name.as_str()).plain(&name);
            for width in 4..12 {
                assert!(text().cut(width).width() <= width, "{name} {width}");
            }
            for width in 5..12 {
                assert!(text().cut_middle(width).width() <= width, "{name} {width}");
            }
        }
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(Text::from("重みw").width(), 5);
    }
}
