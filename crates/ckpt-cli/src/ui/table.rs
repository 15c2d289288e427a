//! Tables of aligned columns that fit the terminal.

use ckpt_app::text::{Style, Text};

/// Columns between two columns.
const GAP: usize = 2;

/// The fewest columns of one that gives way, if nothing else is said.
const NARROWEST: usize = 8;

/// One column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    title: Text,
    is_right: bool,
    /// The width below which it does not give way; `None` for a column that never does.
    narrowest: Option<usize>,
    /// How early it is left out where there is no room; `None` for a column that never is.
    rank: Option<u8>,
    /// Whether cells that are too long lose their middle.
    keeps_ends: bool,
}

impl Column {
    /// Makes a column of text.
    pub fn left(title: impl Into<Text>) -> Self {
        let title = title.into();
        Self { title, is_right: false, narrowest: None, rank: None, keeps_ends: false }
    }

    /// Makes a column of numbers.
    pub fn right(title: impl Into<Text>) -> Self {
        Self { is_right: true, ..Self::left(title) }
    }

    /// Lets the column give way where the table is too wide.
    #[must_use]
    pub fn elastic(mut self) -> Self {
        self.narrowest = Some(NARROWEST);
        self
    }

    /// Lets the column give way down to a width of its own, in its middle: both ends of the name of
    /// a tensor tell it from others.
    #[must_use]
    pub fn keep_ends(mut self, narrowest: usize) -> Self {
        self.narrowest = Some(narrowest);
        self.keeps_ends = true;
        self
    }

    /// Lets the column be left out where the table is too wide even so: of several those of the
    /// highest rank first.
    #[must_use]
    pub const fn dispensable(mut self, rank: u8) -> Self {
        self.rank = Some(rank);
        self
    }
}

#[derive(Debug)]
enum Row {
    Cells(Vec<Text>),
    /// A line across all columns.
    Line(Text),
}

/// Rows of aligned columns.
///
/// The widths of the columns are those that the rows need when the table is first printed; rows
/// that follow later are cut to them.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    widths: Option<Vec<Width>>,
}

/// The width of a column; `None` for one that is left out.
type Width = Option<usize>;

impl Table {
    /// Makes a table with a heading.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new(), widths: None }
    }

    /// Adds a row, which has one text for each column.
    pub fn row(&mut self, row: impl IntoIterator<Item = Text>) {
        self.rows.push(Row::Cells(row.into_iter().collect()));
    }

    /// Adds a line that has nothing to do with the columns, and is not cut to the width.
    pub fn line(&mut self, line: Text) {
        self.rows.push(Row::Line(line));
    }

    /// Takes the rows out as lines of at most `width` columns; the heading comes with the first.
    pub(crate) fn take_lines(&mut self, width: usize) -> Vec<Text> {
        let rows = std::mem::take(&mut self.rows);
        if let Some(widths) = &self.widths {
            return rows.into_iter().map(|row| self.render(row, widths)).collect();
        }
        let widths = self.fit(&rows, width);
        let heading = self.columns.iter().map(|column| column.title.clone()).collect();
        let heading = Text::styled(Style::Strong, self.align(heading, &widths).render(false));
        let rows = rows.into_iter().map(|row| self.render(row, &widths));
        let lines = [heading].into_iter().chain(rows).collect();
        self.widths = Some(widths);
        lines
    }

    /// Gives each column the width that it needs; if that is too much, less to the widest elastic
    /// ones; and if that is too much still, none to the most dispensable ones.
    fn fit(&self, rows: &[Row], width: usize) -> Vec<Width> {
        let mut needs = self.needs(rows);
        loop {
            let widths = self.shrink(needs.clone(), width);
            let present =
                self.columns.iter().enumerate().filter(|(index, _)| needs[*index].is_some());
            let ranks = present.filter_map(|(index, column)| Some((column.rank?, index)));
            match ranks.max() {
                Some((_, index)) if excess(&widths, width) > 0 => needs[index] = None,
                _ => return widths,
            }
        }
    }

    /// Gives each column the width of its widest cell.
    fn needs(&self, rows: &[Row]) -> Vec<Width> {
        let cells = |index: usize| {
            rows.iter().filter_map(move |row| match row {
                Row::Cells(cells) => cells.get(index),
                Row::Line(_) => None,
            })
        };
        let need = |(index, column): (usize, &Column)| {
            cells(index).map(Text::width).chain([column.title.width()]).max()
        };
        self.columns.iter().enumerate().map(need).collect()
    }

    /// Takes width from the elastic columns, the widest first, as long as there is too much.
    fn shrink(&self, mut widths: Vec<Width>, width: usize) -> Vec<Width> {
        for _ in 0..excess(&widths, width) {
            let gives = |(index, column): (usize, &Column)| {
                let (width, narrowest) = (widths[index]?, column.narrowest?);
                (width > narrowest).then_some((width, index))
            };
            let Some((widest, index)) = self.columns.iter().enumerate().filter_map(gives).max()
            else {
                break;
            };
            widths[index] = Some(widest - 1);
        }
        widths
    }

    fn render(&self, row: Row, widths: &[Width]) -> Text {
        match row {
            Row::Cells(cells) => self.align(cells, widths),
            Row::Line(line) => line,
        }
    }

    fn align(&self, row: Vec<Text>, widths: &[Width]) -> Text {
        let mut line = Text::new();
        let mut owed = 0;
        for ((cell, width), column) in row.into_iter().zip(widths).zip(&self.columns) {
            let Some(width) = *width else {
                continue;
            };
            let cell = if column.keeps_ends { cell.cut_middle(width) } else { cell.cut(width) };
            let padding = width - cell.width().min(width);
            let (before, after) = if column.is_right { (padding, 0) } else { (0, padding) };
            // Spaces wait for something to follow them, so that no line ends in them.
            owed += before;
            if cell.width() > 0 {
                line = line.plain(" ".repeat(owed)).join(cell);
                owed = 0;
            }
            owed += after + GAP;
        }
        line
    }
}

/// Tells by how many columns a table of these widths is too wide.
fn excess(widths: &[Width], width: usize) -> usize {
    let present = || widths.iter().flatten();
    let gaps = GAP * present().count().saturating_sub(1);
    (present().sum::<usize>() + gaps).saturating_sub(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(table: &mut Table, width: usize) -> Vec<String> {
        table.take_lines(width).iter().map(|line| line.render(false)).collect()
    }

    fn texts<const N: usize>(row: [&str; N]) -> [Text; N] {
        row.map(Text::from)
    }

    #[test]
    fn columns_are_aligned_and_lines_end_in_no_space() {
        let mut table =
            Table::new([Column::left("name"), Column::right("size"), Column::left("why")]);
        table.row(texts(["weight", "8", ""]));
        table.row(texts(["b", "1024", "new"]));
        assert_eq!(
            lines(&mut table, 80),
            ["name    size  why", "weight     8", "b       1024  new"]
        );
    }

    #[test]
    fn the_widest_elastic_columns_give_way() {
        let mut table = Table::new([
            Column::left("a").elastic(),
            Column::left("b"),
            Column::left("c").elastic(),
        ]);
        table.row(texts(["0123456789", "0123456789", "0123456789abcdef"]));
        assert_eq!(lines(&mut table, 32)[1], "012345...  0123456789  012345...");
        let mut table = Table::new([Column::left("a").elastic(), Column::left("b").elastic()]);
        table.row(texts(["0123456789", "0123456789"]));
        assert_eq!(lines(&mut table, 5)[1], "01234...  01234...");
    }

    #[test]
    fn the_most_dispensable_columns_are_left_out() {
        let table = || {
            let mut table = Table::new([
                Column::left("name").elastic(),
                Column::left("id").dispensable(2),
                Column::right("size"),
                Column::right("n").dispensable(1),
            ]);
            table.row(texts(["0123456789ab", "0123456789", "1.5 MB", "12345"]));
            table
        };
        assert_eq!(lines(&mut table(), 39)[1], "0123456789ab  0123456789  1.5 MB  12345");
        assert_eq!(lines(&mut table(), 35)[1], "01234...  0123456789  1.5 MB  12345");
        // What a column leaves is given back to the others.
        assert_eq!(
            lines(&mut table(), 30),
            ["name            size      n", "0123456789ab  1.5 MB  12345"]
        );
        assert_eq!(lines(&mut table(), 16)[1], "01234...  1.5 MB");
        assert_eq!(lines(&mut table(), 3)[1], "01234...  1.5 MB");
    }

    #[test]
    fn names_keep_both_ends_and_so_much_of_them() {
        let table = |width| {
            let mut table = Table::new([
                Column::left("name").keep_ends(20),
                Column::right("n"),
                Column::right("more").dispensable(1),
            ]);
            table.row(texts(["layers.10.attention.query.weight", "1", "2"]));
            lines(&mut table, width)
        };
        assert_eq!(table(41)[1], "layers.10.attention.query.weight  1     2");
        assert_eq!(table(29)[1], "layers.10...y.weight  1     2");
        assert_eq!(table(28)[1], "layers.10.a...uery.weight  1");
        assert_eq!(table(10)[1], "layers.10...y.weight  1");
    }

    #[test]
    fn lines_between_rows_change_no_width() {
        let mut table = Table::new([Column::left("a"), Column::left("b")]);
        table.row(texts(["1", "2"]));
        table.line("a long line".into());
        table.row(texts(["3", "4"]));
        assert_eq!(lines(&mut table, 40), ["a  b", "1  2", "a long line", "3  4"]);
    }

    #[test]
    fn rows_that_come_later_keep_the_widths() {
        let mut table = Table::new([Column::left("name"), Column::right("n")]);
        table.row(texts(["abcdef", "10"]));
        lines(&mut table, 80);
        table.row(texts(["abcdefghi", "7"]));
        assert_eq!(lines(&mut table, 80), ["abc...   7"]);
    }
}
