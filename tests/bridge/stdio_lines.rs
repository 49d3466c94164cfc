//! Bytes split into lines, however they arrive.

use bytes::Bytes;
use onec_mcp::bridge::stdio::{LineTooLongError, Lines, MAX_LINE};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

const BOM: &[u8] = "\u{feff}".as_bytes();
const PIECES: &[&[u8]] = &[b"a", b"b", b" ", b"\r", b"\n", b"\n", BOM];

fn split(chunks: &[&[u8]]) -> Vec<Result<Bytes, LineTooLongError>> {
    let mut lines = Lines::default();
    let mut all = Vec::new();
    for chunk in chunks {
        lines.push(chunk);
        all.extend(lines.by_ref());
    }
    all
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines(
        text in proptest::collection::vec(proptest::sample::select(PIECES), 0..200),
        sizes in proptest::collection::vec(any::<u8>().prop_map(|size| usize::from(size % 17)), 0..50),
    ) {
        let text = text.concat();
        let mut chunks = Vec::new();
        let mut rest = &text[..];
        for size in sizes {
            let (chunk, left) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = left;
        }
        chunks.push(rest);
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(&[][..], |end| &text[..end]);
        let expected: Vec<_> = whole
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .map(|mut line| {
                while let Some(rest) = line.strip_prefix(BOM) {
                    line = rest;
                }
                line
            })
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| Ok(Bytes::copy_from_slice(line)))
            .collect();
        prop_assert_eq!(split(&chunks), expected);
    }
}

#[test]
fn long_lines_in_any_chunks() {
    let text = [&b"a\n"[..], &vec![b'x'; MAX_LINE + 1], b"\nb\n", &vec![b'y'; MAX_LINE], b"\nc\n"].concat();
    for size in [1 << 16, 1_000_003, MAX_LINE, MAX_LINE + 1, MAX_LINE + 2, MAX_LINE + 3, 2 * MAX_LINE, text.len()] {
        let lines = split(&text.chunks(size).collect::<Vec<_>>());
        let lengths: Vec<_> = lines.iter().map(|line| line.as_ref().map(Bytes::len)).collect();
        assert_eq!(lengths, [Ok(1), Err(&LineTooLongError), Ok(1), Ok(MAX_LINE), Ok(1)], "chunks of {size}");
    }
}
