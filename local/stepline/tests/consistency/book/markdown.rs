//! Markdown as far as these tests read it: blocks of code, headings, links and spans of code.

use std::collections::BTreeMap;

/// A block of code between two fences.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// The line of its first fence.
    pub(super) line: usize,
    /// What stands behind that fence, such as `sh`.
    pub(super) language: String,
    /// What is in it, without the fences' indent.
    pub(super) text: String,
}

/// A text, part by part.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) blocks: Vec<Block>,
    /// The lines outside of blocks, with their numbers.
    pub(super) prose: Vec<(usize, String)>,
}

impl Document {
    pub(super) fn read(text: &str) -> Self {
        let mut document = Self::default();
        let mut open: Option<(usize, Block)> = None;
        for (index, line) in text.lines().enumerate() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            match &mut open {
                None if code.starts_with("```") => {
                    let (line, language) = (index + 1, code.trim_start_matches('`').trim().to_owned());
                    let text = String::new();
                    open = Some((indent, Block { line, language, text }));
                }
                None => document.prose.push((index + 1, line.to_owned())),
                Some(_) if code.starts_with("```") => document.blocks.extend(open.take().map(|(_, block)| block)),
                Some((fence, block)) => {
                    block.text.push_str(&line[indent.min(*fence)..]);
                    block.text.push('\n');
                }
            }
        }
        document
    }

    /// The places that a link can lead to: the ids that GitHub and mdBook give to the headings.
    pub(super) fn anchors(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let headings = self.prose.iter().filter_map(|(_, line)| {
            let text = line.trim_start_matches('#');
            (line.len() - text.len() <= 6 && line.starts_with('#') && text.starts_with(' ')).then_some(text)
        });
        let ids = headings.map(|heading| {
            let id = id(heading);
            let count = seen.entry(id.clone()).or_default();
            *count += 1;
            if *count == 1 {
                id
            } else {
                format!("{id}-{}", *count - 1)
            }
        });
        ids.collect()
    }

    /// The spans of code with their lines. None goes from one line to the next.
    pub(super) fn spans(&self) -> impl Iterator<Item = (usize, &str)> {
        self.prose.iter().flat_map(|(line, text)| {
            let spans = text.split('`').skip(1).step_by(2);
            spans.filter(|span| !span.is_empty()).map(move |span| (*line, span))
        })
    }

    /// The targets of links and pictures, with the lines that they begin on.
    pub(super) fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (line, text) in &self.prose {
            // What stands in a span of code is no link; a span in a link's text is.
            let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join("");
            let targets = plain.split("](").skip(1).filter_map(|part| part.split(')').next());
            links.extend(targets.map(|target| (*line, target.trim().to_owned())));
        }
        links
    }
}

/// The id of a heading.
fn id(heading: &str) -> String {
    // Of a link, the text counts alone.
    let mut text = String::new();
    for (index, part) in heading.split("](").enumerate() {
        let rest = if index == 0 {
            part
        } else {
            part.split_once(')').map_or("", |(_, rest)| rest)
        };
        text.push_str(rest);
    }
    let kept = text.trim().chars().filter_map(|character| match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        character => character.is_alphanumeric().then_some(character),
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[test]
fn headings_blocks_and_links_are_read() {
    let text = "# A `b` c\n\n[x](y.md#z), `[no](link)` and [`code`](a.md)\n\n1. b\n\n   ```sh\n   one\n     two\n   ```\n\n\
                ## [See](it.md): what, now?\n## A `b` c\n```text\n# no heading\n```\n## 費用の計算\n";
    let document = Document::read(text);
    assert_eq!(document.anchors(), ["a-b-c", "see-what-now", "a-b-c-1", "費用の計算"]);
    let links: Vec<_> = document.links().into_iter().map(|(_, target)| target).collect();
    assert_eq!(links, ["y.md#z", "a.md", "it.md"]);
    assert_eq!(
        document.blocks[0],
        Block {
            line: 7,
            language: "sh".to_owned(),
            text: "one\n  two\n".to_owned()
        }
    );
}
