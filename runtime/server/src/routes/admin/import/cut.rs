//! Cutting a body into entries while it arrives: lines, or the elements of a JSON list. No entry is held longer than it takes to
//! arrive, and none may be longer than [`LONGEST`].

use bytes::Bytes;
use hanko_flow::admin::import::Line;

/// Bytes of an entry.
const LONGEST: usize = 64 * 1024;
/// What editors of one vendor write at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Why the rest of a body cannot be cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Broken {
    #[error("the body must be a JSON list of users")]
    NoList,
    #[error("the JSON list is not closed; what stood before its end has been read")]
    Open,
}

/// What a body is made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// One entry a line; empty lines are none.
    Lines,
    /// A JSON list of entries; `null` is an empty one.
    List,
}

/// Takes in a body piece by piece and gives out entries, numbered from 1: lines by their place in the file, elements by their place
/// in the list.
pub(super) struct Cutter {
    shape: Shape,
    number: u64,
    entry: Vec<u8>,
    too_long: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Nothing but blanks so far.
    Start,
    /// Between the brackets of the list, or in lines.
    Inside { depth: u32, string: bool, escaped: bool },
    /// `null`, or the list has been closed; what follows is not looked at.
    Done,
}

const BETWEEN: State = State::Inside { depth: 0, string: false, escaped: false };

impl Cutter {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, number: 0, entry: Vec::new(), too_long: false, state: State::Start }
    }

    /// Takes in more, and appends the entries that are complete with it.
    pub(super) fn feed(&mut self, chunk: &[u8], entries: &mut Vec<Line>) -> Result<(), Broken> {
        match self.shape {
            Shape::Lines => {
                for part in chunk.split_inclusive(|byte| *byte == b'\n') {
                    match part.strip_suffix(b"\n") {
                        Some(end) => {
                            self.push(end);
                            self.line(entries);
                        }
                        None => self.push(part),
                    }
                }
                Ok(())
            }
            Shape::List => chunk.iter().try_for_each(|byte| self.byte(*byte, entries)),
        }
    }

    /// The body has ended.
    pub(super) fn end(mut self, entries: &mut Vec<Line>) -> Result<(), Broken> {
        match (self.shape, self.state) {
            (Shape::Lines, _) => {
                self.line(entries);
                Ok(())
            }
            (Shape::List, State::Done) => Ok(()),
            (Shape::List, State::Start) if self.entry == b"null" => Ok(()),
            (Shape::List, State::Start) => Err(Broken::NoList),
            (Shape::List, State::Inside { .. }) => Err(Broken::Open),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.entry.len() + bytes.len() > LONGEST {
            self.too_long = true;
            self.entry.clear();
        }
        if !self.too_long {
            self.entry.extend_from_slice(bytes);
        }
    }

    fn line(&mut self, entries: &mut Vec<Line>) {
        self.number += 1;
        let is_first = std::mem::replace(&mut self.state, BETWEEN) == State::Start;
        if is_first && let Some(rest) = self.entry.strip_prefix(BYTE_ORDER_MARK) {
            self.entry = rest.to_vec();
        }
        if self.too_long || !self.entry.iter().all(u8::is_ascii_whitespace) {
            self.emit(entries);
        }
        self.entry.clear();
    }

    fn byte(&mut self, byte: u8, entries: &mut Vec<Line>) -> Result<(), Broken> {
        match &mut self.state {
            State::Done => {}
            State::Start => match byte {
                b'[' if self.entry.is_empty() || self.entry == BYTE_ORDER_MARK => {
                    self.entry.clear();
                    self.state = BETWEEN;
                }
                byte if byte.is_ascii_whitespace() => {}
                // `null`, or a byte order mark.
                byte if self.entry.len() < 4 => self.entry.push(byte),
                _ => return Err(Broken::NoList),
            },
            State::Inside { depth, string, escaped } => {
                match (byte, *string) {
                    (_, true) if *escaped => *escaped = false,
                    (b'\\', true) => *escaped = true,
                    (b'"', _) => *string = !*string,
                    (b'{' | b'[', false) => *depth += 1,
                    (b',', false) if *depth == 0 => {
                        self.number += 1;
                        self.emit(entries);
                        return Ok(());
                    }
                    (b']', false) if *depth == 0 => {
                        if self.too_long || self.number > 0 || !self.entry.iter().all(u8::is_ascii_whitespace) {
                            self.number += 1;
                            self.emit(entries);
                        }
                        self.state = State::Done;
                        return Ok(());
                    }
                    (b'}' | b']', false) => *depth = depth.saturating_sub(1),
                    _ => {}
                }
                self.push(&[byte]);
            }
        }
        Ok(())
    }

    fn emit(&mut self, entries: &mut Vec<Line>) {
        let text = Bytes::from(std::mem::take(&mut self.entry));
        let text = if std::mem::take(&mut self.too_long) { None } else { Some(text) };
        entries.push(Line { number: self.number, text });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(shape: Shape, body: &[u8], size: usize) -> (Vec<(u64, String)>, Result<(), Broken>) {
        let (mut cutter, mut entries) = (Cutter::new(shape), Vec::new());
        let fed = body.chunks(size.max(1)).try_for_each(|chunk| cutter.feed(chunk, &mut entries));
        let ended = fed.and_then(|()| cutter.end(&mut entries));
        let text = |text: Option<Bytes>| {
            text.map_or_else(
                || "too long".to_owned(),
                |text| String::from_utf8(text.to_vec()).unwrap().trim().to_owned(),
            )
        };
        (entries.into_iter().map(|line| (line.number, text(line.text))).collect(), ended)
    }

    #[test]
    fn lines_are_cut_wherever_the_body_is_and_keep_their_numbers() {
        let body = "\u{feff}{\"a\":1}\r\n\n  \n{\"b\":\"ü\"}\n{\"c\":3}";
        let expected = [(1, "{\"a\":1}"), (4, "{\"b\":\"ü\"}"), (5, "{\"c\":3}")];
        for size in 1..=body.len() {
            let (entries, ended) = cut(Shape::Lines, body.as_bytes(), size);
            let entries: Vec<(u64, &str)> = entries.iter().map(|(n, text)| (*n, text.as_str())).collect();
            assert_eq!((entries.as_slice(), ended), (&expected[..], Ok(())), "{size}");
        }
    }

    #[test]
    fn elements_of_a_list_are_cut_whatever_stands_in_them() {
        let body = r#" [ {"a":"]}\",{["} , [1,[2]], 3,{"b":{}} ] and more"#;
        let expected = [(1, r#"{"a":"]}\",{["}"#), (2, "[1,[2]]"), (3, "3"), (4, r#"{"b":{}}"#)];
        for size in 1..=body.len() {
            let (entries, ended) = cut(Shape::List, body.as_bytes(), size);
            let entries: Vec<(u64, &str)> = entries.iter().map(|(n, text)| (*n, text.as_str())).collect();
            assert_eq!((entries.as_slice(), ended), (&expected[..], Ok(())), "{size}");
        }
    }

    #[test]
    fn an_empty_list_has_no_entries_and_what_is_no_list_is_refused() {
        for (body, entries, ended) in [
            ("[]", 0, Ok(())),
            (" [ ] ", 0, Ok(())),
            ("null", 0, Ok(())),
            ("\u{feff}[]", 0, Ok(())),
            ("[1,]", 2, Ok(())),
            ("[,]", 2, Ok(())),
            ("", 0, Err(Broken::NoList)),
            ("{}", 0, Err(Broken::NoList)),
            ("{\"users\":[]}", 0, Err(Broken::NoList)),
            ("nullable", 0, Err(Broken::NoList)),
            ("[1,2", 1, Err(Broken::Open)),
            ("[\"]", 0, Err(Broken::Open)),
        ] {
            let (found, end) = cut(Shape::List, body.as_bytes(), 3);
            assert_eq!((found.len(), end), (entries, ended), "{body}");
        }
    }

    #[test]
    fn an_entry_that_is_too_long_is_named_and_the_next_one_is_read() {
        let long = "x".repeat(LONGEST + 1);
        let fits = "y".repeat(LONGEST);
        for (shape, body) in
            [(Shape::Lines, format!("1\n{long}\n{fits}\n")), (Shape::List, format!("[1,{long},{fits}]"))]
        {
            let (entries, ended) = cut(shape, body.as_bytes(), 1_000);
            let lengths: Vec<(u64, usize)> = entries.iter().map(|(n, text)| (*n, text.len())).collect();
            assert_eq!((lengths.as_slice(), ended), (&[(1, 1), (2, "too long".len()), (3, LONGEST)][..], Ok(())));
        }
    }

    #[test]
    fn a_body_without_an_end_of_line_is_one_line_and_an_empty_one_none() {
        assert_eq!(cut(Shape::Lines, b"", 1), (vec![], Ok(())));
        assert_eq!(cut(Shape::Lines, b"{}", 1), (vec![(1, "{}".into())], Ok(())));
    }
}
