//! Writes what libFuzzer begins with into a folder: `TARGET/NUMBER`, a seed each, and `TARGET.dict`, the words. Prints the
//! targets' names.

use fuzzing::TARGETS;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| "target/fuzzing".to_owned()));
    for target in TARGETS {
        let corpus = folder.join(target.name);
        fs::create_dir_all(&corpus)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(corpus.join(format!("seed-{number:03}")), seed)?;
        }
        fs::write(folder.join(format!("{}.dict", target.name)), dictionary(target.words))?;
        println!("{}", target.name);
    }
    Ok(())
}

/// The words as libFuzzer reads them: <https://llvm.org/docs/LibFuzzer.html#dictionaries>.
fn dictionary(words: &[&str]) -> String {
    let mut dictionary = String::new();
    for word in words {
        dictionary.push('"');
        for byte in word.bytes() {
            match byte {
                b'"' | b'\\' => drop(write!(dictionary, "\\{}", char::from(byte))),
                b' '..=b'~' => dictionary.push(char::from(byte)),
                other => drop(write!(dictionary, "\\x{other:02x}")),
            }
        }
        dictionary.push_str("\"\n");
    }
    dictionary
}
