//! A package to install, for tests.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The smallest package of this name, for tests: it says hello.
pub(crate) fn smallest_wheel(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}-1-py3-none-any.whl"));
    let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
    let file = |part: &str| format!("{name}-1.dist-info/{part}");
    for (name, text) in [
        (format!("{name}.py"), "text = 'hello'\n".to_owned()),
        (
            file("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"),
        ),
        (
            file("WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
        (file("RECORD"), String::new()),
    ] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    path
}
